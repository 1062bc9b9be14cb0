import { addAccess, addEarlier, noAccess, toggleHold } from '../state/access.ts'
import { lateSinceWhen } from '../state/alarms.ts'
import { changeTable, noConnections, replaceTable, standStill, togglePause } from '../state/connections.ts'
import { addEvents, beginEvents, noEvents, toggleEvents } from '../state/events.ts'
import { learn } from '../state/followed.ts'
import { addGap } from '../state/gaps.ts'
import { addHistory, addSamples as addToGraph, countAnew } from '../state/graph.ts'
import type { Link } from '../state/link.ts'
import { addEntries, beginLog, forgetLog, holdLog } from '../state/log.ts'
import { type DaemonState, type Event, nothingTold } from '../state/state.ts'
import { addSamples, forgetLater, noTraffic, samplesAfter } from '../state/traffic.ts'
import { applyChanges, listUsers, noUsers, takeRates } from '../state/users.ts'

/** What is known of a daemon after an event; what the person does to what is shown of it is one, too. */
export function reduceDaemon(state: DaemonState, event: Event): DaemonState {
  switch (event.type) {
    case 'link':
      return { ...forgetWhatIsOld(state, event.link), link: event.link }
    case 'gap':
      return { ...state, gaps: addGap(state.gaps, event.gap) }
    case 'status':
      return { ...state, status: event.status, lateSince: lateSinceWhen(state.lateSince, event.status) }
    case 'sample': {
      const { sample, at } = event
      const traffic = forgetLater(state.traffic, sample)
      return reduceDaemon({ ...state, traffic }, { type: 'samples', samples: [sample], at })
    }
    case 'samples': {
      const { latest } = state.traffic
      const traffic = addSamples(state.traffic, event.samples)
      const fresh = samplesAfter(latest, event.samples)
      const graphs = state.graphs.map((graph) => addToGraph(graph, latest ? [latest, ...fresh] : fresh))
      const skew = traffic.latest ? traffic.latest.time - event.at : state.skew
      return {
        ...state,
        traffic,
        graphs,
        skew,
        connections: standStill(state.connections, event.at),
        users: takeRates(state.users, event.at),
      }
    }
    case 'history':
      return { ...state, graphs: addHistory(state.graphs, event.wish, event.history, state.traffic.recent) }
    case 'snapshot':
      return { ...state, connections: replaceTable(state.connections, event.rows, event.at) }
    case 'changed':
      return { ...state, connections: changeTable(state.connections, event.changes, event.at) }
    case 'users':
      return { ...state, users: listUsers(state.users, event.users, event.at) }
    case 'usersChanged':
      return { ...state, users: applyChanges(state.users, event.changes, event.at) }
    case 'logBegun':
      return { ...state, log: beginLog(state.log, event.entries) }
    case 'logEntries':
      return { ...state, log: addEntries(state.log, event.entries, event.lost) }
    case 'accessBegun':
      return { ...state, access: { ...noAccess, held: state.access.held } }
    case 'accessEntries':
      return { ...state, access: addAccess(state.access, event.entries, event.missed) }
    case 'accessFound':
      return { ...state, access: addEarlier(state.access, event.entries) }
    case 'holdAccess':
      return { ...state, access: toggleHold(state.access) }
    case 'eventsBegun':
      return { ...state, events: beginEvents(state.events, event.entries) }
    case 'events':
      return { ...state, events: addEvents(state.events, event.entries, event.missed) }
    case 'holdEvents':
      return { ...state, events: toggleEvents(state.events) }
    case 'logLevel':
      return { ...state, log: holdLog({ ...state.log, level: event.level }, false) }
    case 'rules':
      return { ...state, rules: event.rules }
    case 'told':
      return { ...state, ...event.told }
    case 'follow':
      return { ...state, followed: event.followed }
    case 'details': {
      const { followed } = state
      if (followed?.connection.id !== event.id) return state
      return { ...state, followed: learn(followed, event.details, event.at, state.skew) }
    }
    case 'pause':
      return { ...state, connections: togglePause(state.connections) }
    case 'page':
      return {
        ...state,
        log: holdLog(state.log, false),
        access: { ...state.access, held: null },
        events: { ...state.events, held: null },
      }
    case 'list': {
      // Selecting an entry of the log holds it, so that it can be read; selecting none goes on.
      const { page, event: what } = event
      return page === 'log' && what.do === 'select' ? { ...state, log: holdLog(state.log, what.id !== null) } : state
    }
    default:
      return state
  }
}

/**
 * Another daemon's connections, users and counters are none of the old one's; only the graph goes on. Another role may
 * not see them any longer.
 */
function forgetWhatIsOld(state: DaemonState, link: Link): DaemonState {
  if (link.state !== 'online') return state
  const { instance, role, readOnly = false } = link
  const told = { ...(role === state.role ? state : forgetDetails(state)), role, readOnly, gaps: [] }
  if (instance === state.instance) return told
  return {
    ...forgetDetails(told),
    instance,
    traffic: noTraffic,
    graphs: countAnew(state.graphs),
    status: null,
    lateSince: null,
  }
}

/** Without what not every role may see. */
function forgetDetails(state: DaemonState): DaemonState {
  const log = forgetLog(state.log)
  return {
    ...state,
    ...nothingTold,
    connections: noConnections,
    users: noUsers,
    log,
    access: noAccess,
    events: noEvents,
    followed: null,
  }
}
