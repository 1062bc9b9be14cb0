import type { ReactElement } from 'react'
import { formatDuration } from '../../../shared/format/time.ts'
import { linkRows } from '../layout.ts'
import { placeShown } from '../store/daemons.ts'
import { linkTrouble } from '../store/link.ts'
import { daemonTime, type State } from '../store/state.ts'
import { columnsOf, fitText, wrapText } from '../text.ts'
import { Line } from './line.tsx'
import { useLook } from './look-context.ts'
import { Tabs } from './tabs.tsx'

/** Who is being watched and how that goes, and the pages. */
export function Header({ state }: { readonly state: State }): ReactElement {
  const look = useLook()
  const { columns: width } = state.size
  const trouble = linkTrouble(state.link, state.clock)
  const { role } = state
  const place = placeShown(state)
  const right = ` ${role === null || role === 'admin' ? '' : `${role}, `}${look.text(place)} `
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
      <Tabs state={state} />
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
