import { endReasonWords } from '../../../../shared/end-reasons.ts'
import { formatBytes } from '../../../../shared/format/bytes.ts'
import { formatClock, formatDuration } from '../../../../shared/format/time.ts'
import { gauge } from '../../chart/bars.ts'
import { lineOf, type StyledLine } from '../../components/line.tsx'
import { refusedLast, tallyEndings, toneOf } from '../../state/endings.ts'
import { type NearLimit, nearLimits } from '../../state/limits.ts'
import { lackOfRights } from '../../state/rights.ts'
import { busiestRules, type Rules, refusingRules, ruleText } from '../../state/rules.ts'
import { daemonTime, isStale } from '../../state/state.ts'
import { moversOf } from '../../state/users.ts'
import { fitText } from '../../text/fit.ts'
import type { Look } from '../../themes/look.ts'
import type { Panel } from './panel.ts'

const minuteColumns = 6
const totalColumns = 8

/** Rules that refused something, as many as are worth a row each. */
const mostRules = 4

function byRule(rules: Rules | null) {
  return rules ? refusingRules(rules).slice(0, mostRules) : []
}

/** Connections opened, ended and refused, by reason, and by rule. */
export const endingsPanel: Panel = ({ state, look, width }) => {
  const old = isStale(state) ? look.theme.dim : undefined
  const row = (what: string, lastMinute: number, total: number, tone: ReturnType<typeof toneOf>): StyledLine => {
    const style = lastMinute === 0 ? look.theme.zero : tone ? look.theme[tone] : undefined
    const numbers = [String(lastMinute).padStart(minuteColumns), String(total).padStart(totalColumns)]
    const label = fitText(what, width - 2 - minuteColumns - totalColumns, look.ellipsis)
    return lineOf(
      [
        { text: ` ${label}`, style: old ?? (tone && lastMinute > 0 ? look.theme[tone] : look.theme.label) },
        { text: numbers[0] ?? '', style: old ?? style },
        { text: numbers[1] ?? '', style: old ?? (total === 0 ? look.theme.zero : undefined) },
      ],
      old,
    )
  }
  const heading = fitText('Connections', width - 2 - minuteColumns - totalColumns, look.ellipsis)
  return [
    {
      text: ` ${heading}${'1 min'.padStart(minuteColumns)}${'total'.padStart(totalColumns)}`,
      style: look.theme.columns,
    },
    ...tallyEndings(state.traffic.recent).flatMap(({ what, reason, lastMinute, total }) => [
      row(look.text(what), lastMinute, total, toneOf(reason)),
      ...(reason === 'forbidden' ? byRule(state.rules) : []).map(({ id, lately, hits }) =>
        row(`  ${look.text(ruleText(state.rules, id))}`, lately, hits, null),
      ),
    ]),
  ]
}

/** Terminal columns of when and why, and of when alone. */
const timeColumns = 9
const reasonColumns = 15

/** Whom the daemon refused last, newest first, and why; who tried the same again and again has one row. */
export const refusedPanel: Panel = ({ state, look, width, height }) => {
  const heading = ` ${'Refused'.padEnd(timeColumns)}${'Why'.padEnd(reasonColumns)} Who, and where to`
  const old = isStale(state) ? look.theme.dim : undefined
  const rows = refusedLast(state.closed ?? []).slice(0, height - 1)
  if (lackOfRights(state, 'operator') !== null) return []
  const nobody = rows.length === 0 ? [{ text: ' nobody lately', style: look.theme.zero }] : []
  return [
    { text: fitText(heading, width - 1, look.ellipsis), style: look.theme.columns },
    ...nobody,
    ...rows.map(({ last, times }) => {
      const { ended, reason, user, tried, client, destination } = last
      const tone = toneOf(reason)
      const who = user ?? (tried === undefined ? client : `${tried} of ${client}`)
      const where = destination === null ? '' : ` ${look.unicode ? '→' : '>'} ${look.text(destination)}`
      const count = times > 1 ? ` ${look.unicode ? '×' : 'x'}${times}` : ''
      const room = width - 3 - timeColumns - reasonColumns - count.length
      return lineOf(
        [
          { text: ` ${formatClock(ended).padEnd(timeColumns)}`, style: old ?? look.theme.label },
          {
            text: `${fitText(endReasonWords(reason), reasonColumns, look.ellipsis)} `,
            style: old ?? (tone ? look.theme[tone] : undefined),
          },
          { text: fitText(look.text(who) + where, Math.max(1, room), look.ellipsis), style: old },
          { text: count, style: old ?? look.theme.label },
        ],
        old,
      )
    }),
  ]
}

const limitColumns = 6
const percentColumns = 6
const barColumns = { least: 4, most: 20 }
/** Users that are told of. */
const mostNear = 8

/** Who has used most of a limit, by a bar and in percent; who is at it has a mark. */
export const nearPanel: Panel = ({ state, look, width, height }) => {
  const near = nearLimits(state).slice(0, Math.min(mostNear, height - 1))
  const bar = Math.min(barColumns.most, Math.max(barColumns.least, width - 34))
  const name = Math.max(1, width - 4 - limitColumns - bar - percentColumns)
  const heading = ` ${fitText('Near a limit', name + 1 + limitColumns, look.ellipsis)}`
  return [
    { text: fitText(heading, width - 1, look.ellipsis), style: look.theme.columns },
    ...near.map((one) => {
      const percent = `${Math.floor(one.share * 100)} %`.padStart(percentColumns)
      const cells = [fitText(look.text(one.user), name, look.ellipsis), one.what.padEnd(limitColumns)].join(' ')
      const mark = one.share >= 1 ? '!' : ' '
      const text = `${mark}${cells} ${gauge(one.share, bar, look.unicode)}${percent}`
      return { text, style: isStale(state) ? look.theme.dim : styleOf(one, look) }
    }),
  ]
}

function styleOf({ share, isWarned }: NearLimit, { theme }: Look) {
  return share >= 1 ? theme.over : isWarned ? theme.warning : undefined
}

const bytesColumns = 9
const mostMovers = 8

/** Who has moved most since they were added. */
export const moversPanel: Panel = ({ state, look, width, height }) => {
  const name = width - 2 - 2 * bytesColumns
  const row = (what: string, down: string, up: string) =>
    ` ${fitText(what, name, look.ellipsis)}${down.padStart(bytesColumns)}${up.padStart(bytesColumns)}`
  const title = 'Moved most'
  return [
    { text: row(title.length > name ? 'Moved' : title, 'Down', 'Up'), style: look.theme.columns },
    ...moversOf(state.users.rows)
      .slice(0, Math.min(mostMovers, height - 1))
      .map(({ user }) => ({
        text: row(look.text(user.name), formatBytes(user.down), formatBytes(user.up)),
        style: isStale(state) ? look.theme.dim : user.down + user.up === 0 ? look.theme.zero : undefined,
      })),
  ]
}

/** Rules that are told of, and columns of their numbers. */
const mostTold = 8
const hitColumns = 7
const agoColumns = 9

/** The rules that decided something, those that did so most in the last minute first, and behind them those that never did. */
export const rulesPanel: Panel = ({ state, look, width, height }) => {
  const text = width - 2 - 2 * hitColumns - agoColumns
  const row = (what: string, lately: string, hits: string, ago: string) =>
    ` ${fitText(what, text, look.ellipsis)}${lately.padStart(hitColumns)}${hits.padStart(hitColumns)}${ago.padStart(agoColumns)}`
  const told = busiestRules(state.rules).slice(0, Math.min(mostTold, height - 1))
  const now = daemonTime(state)
  return [
    { text: row('Rules', '1 min', 'hits', 'last'), style: look.theme.columns },
    ...told.map(({ id, lately, hits, last }) => ({
      text: row(
        look.text(ruleText(state.rules, id)),
        String(lately),
        String(hits),
        last === null ? '-' : formatDuration(now - last),
      ),
      style: isStale(state) ? look.theme.dim : hits === 0 ? look.theme.zero : undefined,
    })),
  ]
}
