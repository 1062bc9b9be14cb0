import type { ReactElement } from 'react'
import { formatDuration } from '../../../shared/format/time.ts'
import { placeShown } from '../state/daemons.ts'
import { releaseOf } from '../state/gaps.ts'
import { linkRows, tabRows } from '../state/layout.ts'
import { linkTrouble } from '../state/link.ts'
import { daemonTime, type State } from '../state/state.ts'
import { tabsOf } from '../state/tabs.ts'
import { columnsOf, fitText, wrapText } from '../text/fit.ts'
import { Line } from './line.tsx'
import { useLook } from './look-context.ts'
import { Row } from './row.tsx'

/** Who is being watched and how that goes, and the pages. */
export function Header({ state }: { readonly state: State }): ReactElement {
  const look = useLook()
  const { columns: width } = state.size
  const trouble = linkTrouble(state.link, state.clock)
  const { role, readOnly } = state
  const place = placeShown(state)
  const rights = [role === null || role === 'admin' ? '' : `${role}, `, readOnly ? 'read-only, ' : '']
  const right = ` ${rights.join('')}${look.text(place)} `
  return (
    <>
      {trouble === null ? (
        <Line
          text={fitText(look.text(` ${daemonLine(state)}`), width - columnsOf(right), look.ellipsis) + right}
          width={width}
          {...look.theme.title}
        />
      ) : (
        wrapText(
          look.text(state.daemons.length > 1 ? `${place}: ${trouble}` : trouble),
          width - 1,
          linkRows(state),
          look.ellipsis,
        ).map((line, at) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a row of the screen is nothing but its place
          <Line key={at} text={` ${line}`} width={width} {...look.theme.alarm} />
        ))
      )}
      {tabRows(state.size) > 0 && <Tabs state={state} />}
    </>
  )
}

function daemonLine(state: State): string {
  const { status, gaps } = state
  const release = releaseOf(gaps)
  const doubt = release === null ? '' : `  ${release}`
  if (!status) return `proxyd${doubt}`
  const threads = status.engine === 'linux' ? `, ${status.workers} thread${status.workers === 1 ? '' : 's'}` : ''
  const up = formatDuration(daemonTime(state) - status.started)
  return `proxyd ${status.version}  ${status.engine}${threads}  up ${up}${status.draining ? '  draining' : ''}${doubt}`
}

/** The pages. One row. */
function Tabs({ state }: { readonly state: State }): ReactElement {
  const { theme } = useLook()
  let written = 0
  const parts = tabsOf(state).map(({ page, text, from }) => {
    const gap = ' '.repeat(from - written)
    written = from + columnsOf(text)
    return { text: gap + text, style: page === state.page ? theme.openTab : theme.tab }
  })
  return <Row parts={parts} />
}
