import type { ReactElement } from 'react'
import type { LogEntry } from '../../../shared/protocol/methods.ts'
import { Line } from '../components/line.tsx'
import { useLook } from '../components/look-context.ts'
import { type Events, newerEvents } from '../state/events.ts'
import { newerEntries } from '../state/log.ts'
import { listPage } from '../state/pages.ts'
import type { State } from '../state/state.ts'
import { eventsTable } from '../tables/events-table.ts'
import { logTable } from '../tables/tables.ts'
import { eventsView, logView, watchesView } from '../tables/view.ts'
import { watchesTable } from '../tables/watches-table.ts'
import type { Role } from '../themes/theme.ts'
import { ListTable, listSummary } from './list-pages.tsx'

/** Levels have words, too. */
const roles = { debug: 'dim', info: null, warn: 'warning', error: 'bad' } as const satisfies Readonly<
  Record<LogEntry['level'], Role | null>
>

/** What the daemon logs, what happened that somebody may have to know, or what it looks out for. */
export function LogPage({ state }: { readonly state: State }): ReactElement {
  switch (listPage(state)) {
    case 'events':
      return <Happened state={state} />
    case 'watches':
      return <Watched state={state} />
    default:
      return <Lines state={state} />
  }
}

function Watched({ state }: { readonly state: State }): ReactElement {
  const look = useLook()
  const view = watchesView(state)
  return (
    <>
      <Line text={listSummary('watches', view, state.lists.watches, look)} width={state.size.columns} />
      <ListTable state={state} page="watches" spec={watchesTable} view={view} />
    </>
  )
}

/** The newest first. */
function Happened({ state }: { readonly state: State }): ReactElement {
  const look = useLook()
  const view = eventsView(state)
  return (
    <>
      <Line
        text={`${following(state.events)}   ${listSummary('events', view, state.lists.events, look).trim()}`}
        width={state.size.columns}
      />
      <ListTable
        state={state}
        page="events"
        spec={eventsTable}
        view={view}
        style={({ level }) => (roles[level] ? look.theme[roles[level]] : {})}
      />
    </>
  )
}

/** ` HELD, 12 newer   3 missed`. */
function following(events: Events): string {
  const held = events.held ? `HELD, ${newerEvents(events)} newer` : 'following'
  return ` ${held}${events.missed > 0 ? `   ${events.missed} missed` : ''}`
}

/** The newest last. */
function Lines({ state }: { readonly state: State }): ReactElement {
  const look = useLook()
  const { columns: width } = state.size
  const view = logView(state)
  return (
    <>
      <Line text={`${progress(state)}   ${listSummary('lines', view, state.lists.log, look).trim()}`} width={width} />
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

/** ` HELD, 12 newer   from info on   3 lost`; where the daemon writes down less than that, what to do. */
function progress({ log, configuration }: Pick<State, 'log' | 'configuration'>): string {
  const held = log.held ? `HELD, ${newerEntries(log)} newer` : 'following'
  const own = configuration?.settings.find(({ name }) => name === 'log-level')?.value ?? 'debug'
  const less = log.level === 'debug' && own !== 'debug' ? ` (none from debug: its log-level is ${own})` : ''
  return ` ${held}   from ${log.level} on${less}${log.lost > 0 ? `   ${log.lost} lost` : ''}`
}
