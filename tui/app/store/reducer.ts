import { reduceCommand } from './command-line.ts'
import { changeTable, noConnections, replaceTable, standStill, togglePause } from './connections.ts'
import { reduceDialog } from './dialogs.ts'
import type { Link } from './link.ts'
import { reduceList } from './lists.ts'
import { addEntries, beginLog, forgetLog, holdLog } from './log.ts'
import { type Event, type State, zooms } from './state.ts'
import { addSamples, forgetCounters } from './traffic.ts'
import { listUsers, noUsers } from './users.ts'

/** The state after an event. */
export function reduce(state: State, event: Event): State {
  switch (event.type) {
    case 'link':
      return { ...forgetWhatIsOld(state, event.link), link: event.link }
    case 'status':
      return { ...state, status: event.status }
    case 'samples': {
      const traffic = addSamples(state.traffic, event.samples)
      const skew = traffic.latest ? traffic.latest.time - event.at : state.skew
      return { ...state, traffic, skew, connections: standStill(state.connections, event.at) }
    }
    case 'snapshot':
      return { ...state, connections: replaceTable(state.connections, event.rows, event.at) }
    case 'changed':
      return { ...state, connections: changeTable(state.connections, event.changes, event.at) }
    case 'users':
      return { ...state, users: listUsers(state.users, event.users, event.at) }
    case 'logBegun':
      return { ...state, log: beginLog(state.log, event.entries) }
    case 'logEntries':
      return { ...state, log: addEntries(state.log, event.entries, event.lost) }
    case 'logLevel':
      return followLog({ ...state, log: { ...state.log, level: event.level } })
    case 'configuration':
      return { ...state, configuration: event.configuration }
    case 'operators':
      return { ...state, operators: event.operators }
    case 'tick':
      return { ...state, clock: event.at }
    case 'resize':
      return { ...state, size: { columns: event.columns, rows: event.rows } }
    case 'page':
      return { ...followLog(state), page: event.page, toast: null }
    case 'list':
      return reduceLists(state, event)
    case 'dialog': {
      const toast = event.event.do === 'open' ? null : state.toast
      return { ...state, dialog: reduceDialog(state.dialog, event.event), toast }
    }
    case 'command':
      return { ...state, command: reduceCommand(state.command, event.event) }
    case 'toast':
      return { ...state, toast: event.toast }
    case 'pause':
      return { ...state, connections: togglePause(state.connections) }
    case 'rateUnit':
      return { ...state, rateUnit: state.rateUnit === 'bytes' ? 'bits' : 'bytes' }
    case 'zoom':
      return { ...state, zoom: Math.min(zooms.length - 1, Math.max(0, state.zoom + event.by)) }
  }
}

/**
 * Another daemon's connections, users and counters are none of the old one's; only the graph goes on. Another role may
 * not see them any longer.
 */
function forgetWhatIsOld(state: State, link: Link): State {
  if (link.state !== 'online') return state
  const { instance, role } = link
  const told = role === state.role ? state : { ...forgetDetails(state), role }
  if (instance === state.instance) return told
  const traffic = forgetCounters(state.traffic)
  return { ...forgetDetails(told), instance, traffic, status: null }
}

/** Without what not every role may see. */
function forgetDetails(state: State): State {
  const log = forgetLog(state.log)
  return { ...state, connections: noConnections, users: noUsers, log, configuration: null, operators: null }
}

/** Selecting an entry of the log holds it, so that it can be read; selecting none goes on. */
function reduceLists(state: State, { page, event }: Extract<Event, { type: 'list' }>): State {
  const log = page === 'log' && event.do === 'select' ? holdLog(state.log, event.id !== null) : state.log
  return { ...state, log, lists: { ...state.lists, [page]: reduceList(state.lists[page], event) } }
}

/** The newest of the log again. */
function followLog(state: State): State {
  return reduceLists(state, { type: 'list', page: 'log', event: { do: 'select', id: null } })
}
