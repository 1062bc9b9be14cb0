import { verbNameIn } from '../../../shared/commands/verbs.ts'
import { compileFilter } from '../../../shared/filter/filter.ts'
import { pagesOf } from '../state/daemons.ts'
import { listPage, type Page } from '../state/pages.ts'
import type { State } from '../state/state.ts'
import { tables } from '../tables/tables.ts'

/** What a typed line asks of the app itself: to end, or to show a page, with this filter if one is given. */
export type Wish = { readonly quit: true } | { readonly page: Page; readonly filter: string }

const waysOut = ['q', 'quit']

/** All that can be typed so. */
export function placeWords(state: Pick<State, 'daemons'>): readonly string[] {
  return [...pagesOf(state), ...waysOut]
}

/**
 * What a line asks of the app: a page's name goes to the page, as its key does, and what stands behind it filters its rows.
 * Null for a line of commands; a text tells what is wrong with the filter.
 */
export function wishIn(line: string, state: Pick<State, 'daemons'>): Wish | string | null {
  if (waysOut.includes(line)) return { quit: true }
  const words = line.split(/\s+/)
  const [name = ''] = words
  const page = pagesOf(state).find((each) => each === name)
  const filter = line.slice(name.length).trim()
  // `users set` and `log --last 5` are commands.
  if (!page || verbNameIn(words).includes(' ') || filter.startsWith('--') || filter.includes(';')) return null
  const list = listPage({ page, shows: 0 })
  if (filter === '') return { page, filter }
  if (!list) return `${page} takes no filter`
  return compileFilter(tables[list], filter).problem ?? { page, filter }
}
