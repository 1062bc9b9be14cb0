import type { ReactElement } from 'react'
import { paces, paceText } from '../../../shared/commands/connection-verbs.ts'
import { endReasonWords } from '../../../shared/end-reasons.ts'
import { formatBytes, formatRate } from '../../../shared/format/bytes.ts'
import { commandText } from '../../../shared/format/command-text.ts'
import { counted } from '../../../shared/format/count.ts'
import { formatClock, formatDuration, formatTime } from '../../../shared/format/time.ts'
import { formatSpan } from '../../../shared/span.ts'
import { Line, Lines, labelled } from '../components/line.tsx'
import { useLook } from '../components/look-context.ts'
import { Throughput } from '../components/throughput.tsx'
import type { Followed } from '../state/followed.ts'
import { pageRows } from '../state/layout.ts'
import { limitRows } from '../state/limits.ts'
import { ruleText } from '../state/rules.ts'
import { daemonTime, isStale, type State } from '../state/state.ts'

/** Milliseconds that the graphs show at least. */
const shortest = 60_000
/** Rows of a graph that can be read; what is left over beyond it goes to the timeline first. */
const smallestGraph = 7

/** All about one connection, in the place of the page; its end is told, too. One that had ended before has no course to draw. */
export function ConnectionDetail({ state }: { readonly state: State }): ReactElement {
  const look = useLook()
  const { columns: width } = state.size
  const { followed } = state
  if (!followed) return <Line text=" Nothing is known of this connection any longer." width={width} />
  const now = daemonTime(state)
  const height = pageRows(state)
  const lines = facts(followed, now, state)
  const { points, end } = followed
  const graphRows = points.length === 0 ? 0 : smallestGraph
  const bar = look.unicode ? '━' : '#'
  const timeline = timelineLines(followed, now, width - 1, height - lines.length - 1 - graphRows, bar)
  return (
    <>
      <Line text={` ${heading(followed, now)}`} width={width} {...look.theme.heading} />
      <Lines
        lines={[...lines, ...timeline].map((line) =>
          labelled(` ${look.text(line)}`, 1 + label.length, look.theme.label),
        )}
        width={width}
        height={height - 1}
      />
      {points[0] && (
        <Throughput
          points={points}
          length={Math.max(shortest, (points.at(-1)?.time ?? 0) - points[0].time)}
          averagedUntil={points[0].time}
          hasEnded={end !== null}
          rate={rateOf(followed)}
          whose=""
          rateUnit={state.rateUnit}
          logarithmic={false}
          shared={state.overview.shared}
          ceiling={null}
          width={width}
          height={height - lines.length - 1 - timeline.length}
          dim={isStale(state) || end !== null}
        />
      )}
    </>
  )
}

const idle = { up: 0, down: 0 }

function rateOf({ points, end }: Followed) {
  return (!end && points.at(-1)) || idle
}

function heading({ connection, end, forgotten }: Followed, now: number): string {
  const { id, state, opened, paced } = connection
  if (end) {
    const lasted = formatDuration(end.time - opened)
    return `Connection ${id}   ended ${formatDuration(now - end.time)} ago after ${lasted}: ${endReasonWords(end.reason)}`
  }
  if (forgotten) return `Connection ${id}   ended; the daemon does not remember how`
  const pace = paced ? `, paced by the rate of ${paces[paced] ?? paced}` : ''
  return `Connection ${id}   ${state}${pace}, for ${formatDuration(now - opened)}`
}

function facts(followed: Followed, now: number, { rateUnit, rules, users }: State): string[] {
  const { user, tried, command, protocol, client, destination, address, opened, down, up, rule } = followed.connection
  const rate = rateOf(followed)
  const lived = (followed.end?.time ?? now) - opened
  const average = (total: number) => formatRate(lived > 0 ? (total * 1000) / lived : 0, rateUnit)
  const asked = commandText(command, protocol)
  const purpose = asked === '-' || asked === 'connect' ? '' : ` (${asked})`
  const moved = (total: number, perSecond: number) => `${formatBytes(total)}, ${formatRate(perSecond, rateUnit)}`
  return [
    `User         ${user ?? (tried === undefined ? '(no login)' : `(tried ${tried}, in vain)`)}`,
    `Client       ${client}`,
    `Destination  ${destination ?? '-'}${address === null || address === destination ? '' : ` at ${address}`}${purpose}`,
    `Opened       ${formatTime(opened)}, ${formatDuration(now - opened)} ago`,
    `Moved        down ${moved(down, rate.down)}   up ${moved(up, rate.up)}`,
    `Average      down ${average(down)}   up ${average(up)}   since it opened`,
    `Limits       ${limitsText(followed)}`,
    ...pacingFacts(followed, users),
    ...(rule === undefined ? [] : [`Decided by   ${ruleText(rules, rule)}`]),
  ]
}

/** By which limit it is paced, and what it has cost so far. */
function pacingFacts({ connection, end, pace }: Followed, { rows }: State['users']): string[] {
  const { paced, waited = 0, dropped = 0, user } = connection
  const owner = paced === 'user' ? rows?.find((row) => row.user.name === user) : undefined
  const rates = owner ? limitRows(owner.user).filter(({ name }) => name.startsWith('rate-') || name === 'over') : []
  const texts = [
    ...(paced && !end ? [paceText(paced, pace)] : []),
    ...rates.map(({ name, value, whose }) => `${name} ${value}${whose === null ? '' : ` (${whose})`}`),
    ...(waited > 0 ? [`waited ${spanText(waited)}`] : []),
    ...(dropped > 0 ? [`${counted(dropped, 'datagram')} dropped`] : []),
  ]
  return texts.length === 0 ? [] : [`Paced        ${texts.join('   ')}`]
}

/** The settings that would end it where it stands; 0 of them is none. */
function limitsText({ limits, end }: Followed): string {
  if (end) return 'none any longer'
  const texts = limits.map(({ setting, value }) => {
    const amount = setting.startsWith('timeout') ? formatSpan(value) : String(value)
    return `${setting} ${value === 0 ? 'none' : amount}`
  })
  return texts.join('   ') || '-'
}

interface Stage {
  readonly name: string
  readonly since: number
  /** Milliseconds; null: the last, which is the end. */
  readonly lasted: number | null
}

const label = 'Timeline     '
const longestBar = 40

/**
 * The states that a connection went through and how long each lasted: a line each with its share as a bar of `sign`s where
 * `rows` allow, else all in one line.
 */
export function timelineLines(followed: Followed, now: number, width: number, rows: number, sign: string): string[] {
  const stages = stagesOf(followed, now)
  if (stages.length === 0) return [`${label}-`]
  if (rows < stages.length) return [label + stages.map(shortText).join(' > ')]
  const whole = stages.reduce((sum, { lasted }) => sum + (lasted ?? 0), 0)
  const most = Math.max(0, Math.min(longestBar, width - label.length - 50))
  return stages.map(({ name, since, lasted }, at) => {
    const bar = lasted === null || whole === 0 ? '' : sign.repeat(Math.ceil((lasted / whole) * most))
    const span = lasted === null ? '' : spanText(lasted)
    const row = `${name.padEnd(16)} ${momentText(since)} ${span.padStart(8)}  ${bar}`
    return (at === 0 ? label : ' '.repeat(label.length)) + row.trimEnd()
  })
}

function stagesOf({ timeline, end }: Followed, now: number): Stage[] {
  const until = end?.time ?? now
  const stages = timeline.map(({ state, since }, at) => {
    return { name: state, since, lasted: Math.max(0, (timeline[at + 1]?.since ?? until) - since) }
  })
  return end ? [...stages, { name: endReasonWords(end.reason), since: end.time, lasted: null }] : stages
}

function shortText({ name, lasted }: Stage): string {
  return lasted === null ? name : `${name} ${spanText(lasted)}`
}

/** Most states are over in far less than a second. */
function spanText(milliseconds: number): string {
  return milliseconds < 1000 ? `${Math.round(milliseconds)}ms` : formatDuration(milliseconds)
}

/** The time of day to the millisecond; what zone it is of stands where it opened. */
function momentText(milliseconds: number): string {
  return `${formatClock(milliseconds)}.${String(Math.floor(milliseconds % 1000)).padStart(3, '0')}`
}
