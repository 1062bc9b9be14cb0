import { Box } from 'ink'
import type { ReactElement } from 'react'
import { formatRate } from '../../../shared/format/bytes.ts'
import { counted } from '../../../shared/format/count.ts'
import { sparkline } from '../chart/bars.ts'
import { Lines, lineOf, type StyledLine } from '../components/line.tsx'
import { useLook } from '../components/look-context.ts'
import type { Part } from '../components/row.tsx'
import { alarms } from '../state/alarms.ts'
import { daemonRows, placeShown } from '../state/daemons.ts'
import { refusalsLately } from '../state/endings.ts'
import { isTooSmall, smallest } from '../state/layout.ts'
import { linkTrouble } from '../state/link.ts'
import { liveConnections } from '../state/live.ts'
import type { State } from '../state/state.ts'
import { breakLines } from '../text/fit.ts'
import type { Look } from '../themes/look.ts'
import { nameOf } from './overview/panel.ts'

/** Seconds of throughput that are drawn. */
const drawn = 30

/**
 * The daemon in one to three lines, for a pane beside other work or a terminal that has no room for a page: what moves, what
 * is wrong, who is busiest. What is scarce goes to what is worst.
 */
export function Mini({ state }: { readonly state: State }): ReactElement {
  const look = useLook()
  const { columns, rows } = state.size
  const wrong = troubleLine(state, look)
  const lines = [motionLine(state, look), ...(wrong ? [wrong] : []), busiestLine(state, look), quietLine(state, look)]
  const note = state.mini ? [] : sizeLines(state, look)
  return (
    <Box flexDirection="column" width={columns} height={rows}>
      <Lines lines={[...lines.slice(0, 3), ...note]} width={columns} height={rows} />
    </Box>
  )
}

/** What moves now; that nothing is heard of the daemon, instead of what is old. */
function motionLine(state: State, look: Look): StyledLine {
  const { theme } = look
  const trouble = linkTrouble(state.link, state.clock)
  if (trouble !== null) return { text: ` ${look.text(`${placeShown(state)}: ${trouble}`)}`, style: theme.alarm }
  const { down, up } = state.traffic.rate
  const all = alarms(state)
  const rate = (sign: string, value: number, style: Part['style']): Part[] => [
    { text: ` ${sign} `, style },
    { text: formatRate(value, state.rateUnit).padEnd(11), style: value === 0 ? theme.zero : style },
  ]
  // With a single row there is no other place for it.
  const mark =
    state.size.rows === 1 && all[0] ? [{ text: ` ! ${look.text(all[0].text)}`, style: theme[all[0].tone] }] : []
  const recent = daemonRows(state.daemons, state.clock)[state.current]?.recent ?? []
  return lineOf([
    ...rate(look.down, down, theme.down),
    ...rate(look.up, up, theme.up),
    { text: ` ${counted(liveConnections(state) ?? 0, 'connection')} ` },
    ...mark,
    { text: ` ${sparkline(recent.slice(-drawn), look.unicode)}`, style: theme.dim },
  ])
}

/** What is wrong; null if nothing is. */
function troubleLine(state: State, look: Look): StyledLine | null {
  const [worst, ...others] = alarms(state)
  if (!worst || state.size.rows === 1) return null
  const more = others.length === 0 ? '' : ` (and ${others.length} more)`
  return lineOf([
    { text: ' ' },
    { text: '!', style: look.theme.alarm },
    { text: ` ${look.text(worst.text)}${more}`, style: look.theme[worst.tone] },
  ])
}

function busiestLine({ traffic, rateUnit }: State, look: Look): StyledLine {
  const busy = traffic.users.filter(({ down, up }) => down + up > 0)
  if (busy.length === 0) return { text: ' nobody moves anything', style: look.theme.zero }
  return lineOf(
    busy.flatMap((user) => [
      { text: ` ${look.text(nameOf(user))} `, style: look.theme.label },
      { text: `${formatRate(user.down + user.up, rateUnit)} ` },
    ]),
  )
}

/** Who was refused lately. */
function quietLine({ traffic, rules }: State, look: Look): StyledLine {
  const refused = refusalsLately(traffic.recent, rules).join(', ')
  if (refused === '') return { text: ' nobody was refused in the last minute', style: look.theme.zero }
  return lineOf([
    { text: ' refused in a minute ', style: look.theme.label },
    { text: look.text(refused), style: look.theme.warning },
  ])
}

function sizeLines({ size }: State, look: Look): StyledLine[] {
  const needed = `This terminal is ${size.columns}x${size.rows}; proxy-tui needs ${smallest.columns}x${smallest.rows}.`
  const isEnough = !isTooSmall({ size, page: 'connections' })
  const text = needed + (isEnough ? ' 2 shows the connections, which need less; q quits.' : '')
  return breakLines(text, size.columns - 1).map((line) => ({ text: ` ${line}`, style: look.theme.dim }))
}
