import { reduceCommand } from '../state/command-line.ts'
import { reduceDialog } from '../state/dialogs.ts'
import { remember } from '../state/done-commands.ts'
import { type ListEvent, reduceList } from '../state/lists.ts'
import { forgetSubjects, reduceOverview } from '../state/overview.ts'
import { type ListPage, periodBeside, sumsShown } from '../state/pages.ts'
import type { Event, UiState } from '../state/state.ts'
import { clearMessage, markRead, say } from '../state/toasts.ts'
import { prefer } from './prefer.ts'

/** What the person has made of the screen after an event. */
export function reduceUi(ui: UiState, event: Event): UiState {
  switch (event.type) {
    case 'tick':
      return { ...ui, clock: event.at }
    case 'resize':
      return { ...ui, size: { columns: event.columns, rows: event.rows } }
    case 'daemon':
      return event.at === ui.current
        ? ui
        : {
            ...selectNothing(ui),
            overview: forgetSubjects(ui.overview),
            current: event.at,
            dialog: null,
            toasts: clearMessage(ui.toasts),
          }
    case 'page':
      return {
        ...reduceLists(ui, 'log', { do: 'select', id: null }),
        page: event.page,
        shows: event.shows ?? 0,
        toasts: clearMessage(ui.toasts),
      }
    case 'list':
      return reduceLists(ui, event.page, event.event)
    case 'logLevel':
      return reduceLists(ui, 'log', { do: 'select', id: null })
    case 'dialog': {
      const toasts = event.event.do === 'open' ? clearMessage(ui.toasts) : ui.toasts
      return { ...ui, dialog: reduceDialog(ui.dialog, event.event), toasts }
    }
    case 'command':
      return { ...ui, command: reduceCommand(ui.command, event.event) }
    case 'say':
      return { ...ui, toasts: say(ui.toasts, event.text, event.tone, event.at) }
    case 'show':
      return { ...ui, shows: event.shows }
    case 'read':
      return { ...ui, toasts: markRead(ui.toasts) }
    case 'undo':
      return { ...ui, undo: event.undo }
    case 'ring':
      return { ...ui, rings: ui.rings + 1 }
    case 'done':
      return { ...ui, done: remember(ui.done, event.command) }
    case 'clearMessage':
      return { ...ui, toasts: clearMessage(ui.toasts) }
    case 'grouping':
      return { ...reduceLists(ui, 'sums', { do: 'select', id: null }), grouping: event.grouping, shows: sumsShown }
    case 'usagePeriod':
      return { ...ui, usagePeriod: periodBeside(ui.usagePeriod, event.by) }
    case 'rateUnit':
      return { ...ui, rateUnit: ui.rateUnit === 'bytes' ? 'bits' : 'bytes' }
    case 'prefer':
      return prefer(ui, event.preferences)
    case 'theme':
      return { ...ui, theme: event.theme }
    case 'mini':
      return { ...ui, mini: true }
    case 'background':
      return { ...ui, background: event.background }
    case 'mouse':
      return { ...ui, mouse: !ui.mouse }
    case 'overview':
      return { ...ui, overview: reduceOverview(ui.overview, event.event) }
    default:
      return ui
  }
}

function reduceLists(ui: UiState, page: ListPage, event: ListEvent): UiState {
  return { ...ui, lists: { ...ui.lists, [page]: reduceList(ui.lists[page], event) } }
}

/** Ids are one daemon's: what was selected there means nothing at another. */
function selectNothing(ui: UiState): UiState {
  const pages = Object.keys(ui.lists) as ListPage[]
  return pages.reduce((before, page) => reduceLists(before, page, { do: 'forget' }), ui)
}
