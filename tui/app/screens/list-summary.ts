import type { Look } from '../look.ts'
import type { ListState } from '../store/lists.ts'
import type { View } from '../store/view.ts'

/** ` 12/345 connections   filter: dst:example`: how many are shown of how many, and why; where to learn more if none is. */
export function listSummary(what: string, view: View<unknown>, list: ListState, look: Look): string {
  const filter = list.filter === '' ? '' : `   filter: ${look.text(list.filter)}`
  const problem = view.problem === null ? '' : `   (${look.text(view.problem)})`
  const none = view.rows.length === 0 && view.total > 0 && list.typing === null ? '   ? tells how to filter' : ''
  return ` ${view.rows.length}/${view.total} ${what}${filter}${problem}${none}`
}
