import type { ReactElement } from 'react'
import type { LogEntry } from '../../../shared/protocol/methods.ts'
import { Line } from '../components/line.tsx'
import { useLook } from '../components/look-context.ts'
import { type Log, newerEntries } from '../store/log.ts'
import type { State } from '../store/state.ts'
import { logView } from '../store/view.ts'
import { logTable } from '../tables/log-table.ts'
import type { Role } from '../themes/theme.ts'
import { listSummary } from './list-summary.ts'
import { ListTable } from './list-table.tsx'

/** Levels have words, too. */
const roles = { debug: 'dim', info: null, warn: 'warning', error: 'bad' } as const satisfies Readonly<
  Record<LogEntry['level'], Role | null>
>

/** What the daemon logs, the newest last. */
export function LogPage({ state }: { readonly state: State }): ReactElement {
  const look = useLook()
  const { columns: width } = state.size
  const view = logView(state)
  return (
    <>
      <Line
        text={`${progress(state.log)}   ${listSummary('lines', view, state.lists.log, look).trim()}`}
        width={width}
      />
      <ListTable
        state={state}
        page="log"
        spec={logTable}
        view={view}
        style={({ level }) => (roles[level] ? look.theme[roles[level]] : {})}
      />
    </>
  )
}

/** ` HELD, 12 newer   from info on   3 lost`. */
function progress(log: Log): string {
  const held = log.held ? `HELD, ${newerEntries(log)} newer` : 'following'
  return ` ${held}   from ${log.level} on${log.lost > 0 ? `   ${log.lost} lost` : ''}`
}
