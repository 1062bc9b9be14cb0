import type { ReactElement } from 'react'
import { formatDuration } from '../../../shared/format/time.ts'
import { linkRows } from '../layout.ts'
import { linkTrouble } from '../store/link.ts'
import { lackOfRights } from '../store/rights.ts'
import { daemonTime, type Page, pages, type State } from '../store/state.ts'
import { columnsOf, fitText, wrapText } from '../text.ts'
import { Line } from './line.tsx'
import { useLook } from './look-context.ts'

/** Who is being watched and how that goes, and the pages. */
export function Header({ state }: { readonly state: State }): ReactElement {
  const look = useLook()
  const { columns: width } = state.size
  const trouble = linkTrouble(state.link, state.clock)
  const { role, place } = state
  const right = ` ${role === null || role === 'admin' ? '' : `${role}, `}${look.text(place)} `
  return (
    <>
      {trouble === null ? (
        <Line
          text={fitText(look.text(` ${daemonLine(state)}`), width - columnsOf(right), look.ellipsis) + right}
          width={width}
          bold
        />
      ) : (
        wrapText(look.text(trouble), width - 1, linkRows(state), look.ellipsis).map((line, at) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a row of the screen is nothing but its place
          <Line key={at} text={` ${line}`} width={width} inverse color="yellow" />
        ))
      )}
      <Line text={tabs(state)} width={width} />
    </>
  )
}

function daemonLine(state: State): string {
  const { status } = state
  if (!status) return 'proxyd'
  const loops = status.engine === 'linux' ? `, ${status.workers} loop${status.workers === 1 ? '' : 's'}` : ''
  const up = formatDuration(daemonTime(state) - status.started)
  return `proxyd ${status.version}  ${status.engine}${loops}  up ${up}${status.draining ? '  draining' : ''}`
}

const titles: Readonly<Record<Page, (state: State) => string>> = {
  overview: () => 'Overview',
  connections: (state) => {
    const { connections, traffic } = state
    // Who may not see them may know how many there are.
    const count = lackOfRights(state, 'operator') ? traffic.latest?.connections : connections.now.rows.size
    return `Connections ${count ?? ''}`.trimEnd()
  },
  users: ({ users, status }) => `Users ${users.rows?.length ?? status?.users ?? ''}`.trimEnd(),
  log: () => 'Log',
  settings: () => 'Settings',
  operators: () => 'Operators',
}

/** As generously as the terminal allows. Brackets, so that the open page is not told by color alone. */
function tabs(state: State): string {
  const all = (gap: string, title: (page: Page) => string) =>
    pages
      .map((page, at) => (page === state.page ? `[${at + 1} ${title(page)}]` : ` ${at + 1} ${title(page)} `))
      .join(gap)
  const counted = (page: Page) => titles[page](state)
  const bare = (page: Page) => counted(page).replace(/ .*/, '')
  const fitting = [all(' ', counted), all('', counted)].find((line) => line.length <= state.size.columns)
  return fitting ?? all('', bare)
}
