/** What is watched, who and what is let through, and the daemon itself. */
export const pages = [
  'overview',
  'connections',
  'users',
  'rules',
  'bans',
  'log',
  'settings',
  'operators',
  'daemons',
] as const
export type Page = (typeof pages)[number]
/** What has rows: the pages but the overview, and the lists that share a page with another one. */
export type ListPage =
  | Exclude<Page, 'overview'>
  | 'access'
  | 'sums'
  | 'groups'
  | 'usage'
  | 'events'
  | 'watches'
  | 'sessions'
  | 'audit'
  | 'nodes'

/** The lists that a page has beside its own, in the order in which they take turns. */
const others: Readonly<Partial<Record<Page, readonly ListPage[]>>> = {
  connections: ['access', 'sums'],
  users: ['groups', 'usage'],
  log: ['events', 'watches'],
  operators: ['sessions', 'audit'],
  daemons: ['nodes'],
}

/** What the keys of a list are about; on the overview there is none. `shows`: which list of the page, 0 its own. */
export function listPage({ page, shows }: { readonly page: Page; readonly shows: number }): ListPage | null {
  if (page === 'overview') return null
  return others[page]?.[shows - 1] ?? page
}

/** Which list of a page comes behind this one: after the last its own. Sums have a key of their own. */
export function nextList({ page, shows }: { readonly page: Page; readonly shows: number }): number {
  const turns = others[page]?.filter((list) => list !== 'sums').length ?? 0
  return (shows + 1) % (1 + turns)
}

/** What shows the nodes of a fleet on the page of the daemons. */
export const nodesShown = 1

/** What shows the sums on the page of the connections. */
export const sumsShown = 1 + (others.connections?.indexOf('sums') ?? 0)

/** What live connections can be summed up by. */
export const groupings = ['user', 'source', 'destination'] as const
export type Grouping = (typeof groupings)[number]

/** How far back the page of what users moved looks. */
export const usagePeriods = ['24h', '7d', '31d', '400d'] as const
export type UsagePeriod = (typeof usagePeriods)[number]

/** The next longer or shorter period; the same where there is none. */
export function periodBeside(period: UsagePeriod, by: number): UsagePeriod {
  return usagePeriods[usagePeriods.indexOf(period) + by] ?? period
}
