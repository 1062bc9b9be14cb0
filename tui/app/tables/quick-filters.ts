import type { NamedFilter } from '../state/lists.ts'
import type { ListPage } from '../state/pages.ts'

/** The filters that a table has names for, beside those that the person keeps. */
export const quickFilters: Readonly<Partial<Record<ListPage, readonly NamedFilter[]>>> = {
  connections: [
    { name: 'fast: over 100 kB a second', filter: 'rate>100k' },
    { name: 'idle', filter: 'state:idle' },
    { name: 'paced', filter: 'state:paced' },
    { name: 'not open yet', filter: '!state:open' },
    { name: 'not by the web', filter: '!dst:443 !dst:80' },
  ],
  access: [
    { name: 'refused only', filter: 'result:refused' },
    { name: 'refused and failed', filter: '!result:ok' },
    { name: 'large: over 10 MB', filter: 'bytes>10M' },
    { name: 'long: over an hour', filter: 'lasted>1h' },
  ],
  users: [
    { name: 'connected', filter: 'connections>0' },
    { name: 'refused only', filter: 'refused>0' },
    { name: 'who may not come', filter: '!state:enabled !state:slowed' },
  ],
  usage: [{ name: 'over 1 GB', filter: 'moved>1G' }],
  rules: [
    { name: 'that deny', filter: 'verdict:deny' },
    { name: 'never hit', filter: 'hits=0' },
  ],
  bans: [
    { name: 'by proxyd', filter: 'by:proxyd' },
    { name: 'by operators', filter: '!by:proxyd' },
  ],
  log: [
    { name: 'warnings and errors', filter: '!level:debug !level:info' },
    { name: 'errors', filter: 'level:error' },
  ],
  events: [
    { name: 'refused only', filter: 'kind:*refused*' },
    { name: 'logins that failed', filter: 'kind:*failed*' },
    { name: 'warnings and errors', filter: '!level:info' },
  ],
  settings: [
    { name: 'chosen', filter: '!source:default' },
    { name: 'that act at once', filter: 'acts:"at once"' },
    { name: 'that need a restart', filter: 'acts:restart' },
  ],
  audit: [{ name: 'refused only', filter: '!outcome:ok' }],
  daemons: [{ name: 'in trouble', filter: '!state:online' }],
}
