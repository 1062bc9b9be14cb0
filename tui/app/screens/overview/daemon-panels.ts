import { endReasonWords } from '../../../../shared/end-reasons.ts'
import { formatBytes } from '../../../../shared/format/bytes.ts'
import { counted } from '../../../../shared/format/count.ts'
import type { Health } from '../../../../shared/protocol/methods.ts'
import { alarms } from '../../state/alarms.ts'
import { refusalsLately, tallyEndings } from '../../state/endings.ts'
import { liveConnections } from '../../state/live.ts'
import { type Rules, refusingRules, ruleText } from '../../state/rules.ts'
import { isStale } from '../../state/state.ts'
import { fitText } from '../../text/fit.ts'
import type { Panel } from './panel.ts'

/** What is wrong, a row each; the last row tells how many more there are. */
export const alarmsPanel: Panel = ({ state, look, height }) => {
  const all = alarms(state)
  const shown = all.length > height ? all.slice(0, height - 1) : all
  const rest = all.length - shown.length
  const texts = rest > 0 ? [...shown, `and ${rest} more`] : shown
  return texts.map((text) => ({ text: ` ! ${look.text(text)}`, style: look.theme.alarm }))
}

/** What there is now, and what there was since the daemon's start. */
export const totalsPanel: Panel = ({ state, look }) => {
  const { latest } = state.traffic
  if (!latest) return []
  const { down, up, accepted, connected, failed, denied } = latest
  const live = liveConnections(state) ?? 0
  const refused = refusalsLately(state.traffic.recent, state.rules).join(', ')
  const texts = [
    ` Now  ${counted(live, 'connection')}   Total  down ${formatBytes(down)}  up ${formatBytes(up)}`,
    ` Clients  accepted ${accepted}  connected ${connected}  failed ${failed}  ${refused === '' ? `of those denied ${denied}` : `refused a minute: ${refused}`}`,
  ]
  return texts.map((text) => ({ text, style: isStale(state) ? look.theme.dim : undefined }))
}

/** Users near a limit that the health tells of; the alarms name them, too. */
const mostNear = 2

/** How the daemon does: what is slow, scarce, or fails. */
export const healthPanel: Panel = ({ state, look }) => {
  const heading = { text: ' Health', style: look.theme.columns }
  if (!state.status) return [heading]
  const style = isStale(state) ? look.theme.dim : undefined
  return [heading, ...facts(state.status.health).map((fact) => ({ text: ` ${look.text(fact)}`, style }))]
}

function facts({ lag, loops, sessions, descriptors, memory, store, names, accessLog, near = [] }: Health): string[] {
  const worst = Math.max(0, ...loops.map((loop) => loop.lag))
  return [
    `Main thread ${late(lag)}`,
    ...(loops.length > 0 ? [`${loopCount(loops.length).padEnd(11)} ${late(worst)}`] : []),
    `Sessions    ${sessions.live} of ${sessions.max}`,
    `Descriptors ${descriptors.open} of ${descriptors.max}`,
    `Memory      ${formatBytes(memory)}`,
    store.problem === null ? `Store       ${upTo(store.slowest)}` : `Store fails: ${store.problem}`,
    ...(accessLog && (accessLog.problem !== null || accessLog.dropped > 0)
      ? [`Access log  ${accessLog.problem ?? `lacks ${accessLog.dropped}`}`]
      : []),
    ...near.slice(0, mostNear).map(({ user, limit, used, most }) => {
      return `Near limit  ${user} ${limit} ${most > 0 ? Math.floor((used / most) * 100) : 100} %`
    }),
    `Names       ${names.failed} failed`,
    `            ${names.pending} pending`,
    `            ${upTo(names.slowest)}`,
  ]
}

function late(lag: number): string {
  return `late ${milliseconds(lag)}`
}

function upTo(time: number): string {
  return `up to ${milliseconds(time)}`
}

function milliseconds(value: number): string {
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`
}

function loopCount(count: number): string {
  return `${count} loop${count === 1 ? '' : 's'}`
}

const minuteColumns = 6
const totalColumns = 8

/** Rules that refused something, as many as are worth a row each. */
const mostRules = 4

function byRule(rules: Rules | null) {
  return rules ? refusingRules(rules).slice(0, mostRules) : []
}

/** Connections opened, ended and refused, by reason, and by rule. */
export const endingsPanel: Panel = ({ state, look, width }) => {
  const row = (what: string, lastMinute: string, total: string) => {
    const numbers = lastMinute.padStart(minuteColumns) + total.padStart(totalColumns)
    return ` ${fitText(what, width - 1 - numbers.length, look.ellipsis)}${numbers}`
  }
  const style = isStale(state) ? look.theme.dim : undefined
  return [
    { text: row('Connections', '1 min', 'total'), style: look.theme.columns },
    ...tallyEndings(state.traffic.recent).flatMap(({ what, lastMinute, total }) => [
      { text: row(look.text(what), String(lastMinute), String(total)), style },
      ...(what === endReasonWords('forbidden') ? byRule(state.rules) : []).map(({ rule, lastMinute }) => ({
        text: row(`  ${look.text(ruleText(state.rules, rule.id))}`, String(lastMinute), String(rule.hits)),
        style: style ?? look.theme.dim,
      })),
    ]),
  ]
}
