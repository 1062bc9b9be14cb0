import { changeTable, noConnections, replaceTable, standStill, togglePause } from './connections.ts'
import { reduceDialog } from './dialogs.ts'
import type { Link } from './link.ts'
import { reduceList } from './lists.ts'
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
    case 'tick':
      return { ...state, clock: event.at }
    case 'resize':
      return { ...state, size: { columns: event.columns, rows: event.rows } }
    case 'page':
      return { ...state, page: event.page, toast: null }
    case 'list':
      return { ...state, lists: { ...state.lists, [event.page]: reduceList(state.lists[event.page], event.event) } }
    case 'dialog': {
      const toast = event.event.do === 'open' ? null : state.toast
      return { ...state, dialog: reduceDialog(state.dialog, event.event), toast }
    }
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
  const told = role === state.role ? state : { ...state, role, connections: noConnections, users: noUsers }
  if (instance === state.instance) return told
  const traffic = forgetCounters(state.traffic)
  return { ...told, instance, traffic, connections: noConnections, users: noUsers, status: null }
}
