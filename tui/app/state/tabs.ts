import { columnsOf } from '../text/fit.ts'
import { alarms } from './alarms.ts'
import { isTroubleElsewhere, pagesOf } from './daemons.ts'
import { liveConnections } from './live.ts'
import type { Page } from './pages.ts'
import type { State } from './state.ts'

/** A page's title in the row of them. */
interface Tab {
  readonly page: Page
  /** With the digit that opens it. Brackets, so that the open page is not told by colour alone. */
  readonly text: string
  /** The terminal column where it begins. */
  readonly from: number
}

/** The tabs, as generously as the terminal allows. */
export function tabsOf(state: State): Tab[] {
  const counted = (page: Page) => titles[page](state)
  const bare = (page: Page) => counted(page).replace(/ .*/, '').replace('Connections', 'Conns')
  const cut = lengths.map((length) => place(state, 0, (page) => bare(page).slice(0, length)))
  const fitting = [place(state, 1, counted), place(state, 0, counted), ...cut].find((tabs) => {
    const last = tabs.at(-1)
    return last && last.from + columnsOf(last.text) <= state.size.columns
  })
  return fitting ?? cut.at(-1) ?? []
}

function place(state: State, gap: number, title: (page: Page) => string): Tab[] {
  let from = 0
  return pagesOf(state).map((page, at) => {
    const name = `${at + 1} ${title(page)}`
    const tab = { page, text: page === state.page ? `[${name}]` : ` ${name} `, from }
    from += columnsOf(tab.text) + gap
    return tab
  })
}

/** Letters of a title, as many as there is room for. */
const lengths = [10, 6, 5, 4, 3]

const titles: Readonly<Record<Page, (state: State) => string>> = {
  // In front, where it stays however short of room the tabs are.
  overview: (state) => (alarms(state).length > 0 ? '!Overview' : 'Overview'),
  // Who may not see them may know how many there are.
  connections: (state) => `Connections ${liveConnections(state) ?? ''}`.trimEnd(),
  users: ({ users, status }) => `Users ${users.rows?.length ?? status?.users ?? ''}`.trimEnd(),
  rules: () => 'Rules',
  bans: ({ bans }) => `Bans ${bans?.length || ''}`.trimEnd(),
  log: () => 'Log',
  settings: () => 'Settings',
  operators: () => 'Operators',
  daemons: (state) => {
    const nodes = state.status?.health.fleet?.nodes
    const title = nodes === undefined ? `Daemons ${state.daemons.length}` : `Fleet ${nodes}`
    return `${isTroubleElsewhere(state) ? '!' : ''}${title}`
  },
}
