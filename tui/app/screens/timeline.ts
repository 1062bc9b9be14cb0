import { formatDuration, formatTime } from '../../../shared/format/time.ts'
import { wordFor } from '../store/endings.ts'
import type { Followed } from '../store/followed.ts'

interface Stage {
  readonly name: string
  readonly since: number
  /** Milliseconds; null: the last, which is the end. */
  readonly lasted: number | null
}

const label = 'Timeline     '
const longestBar = 40

/**
 * The states that a connection went through and how long each lasted: a line each with its share as a bar where `rows`
 * allow, else all in one line.
 */
export function timelineLines(followed: Followed, now: number, width: number, rows: number): string[] {
  const stages = stagesOf(followed, now)
  if (stages.length === 0) return [`${label}-`]
  if (rows < stages.length) return [label + stages.map(shortText).join(' > ')]
  const whole = stages.reduce((sum, { lasted }) => sum + (lasted ?? 0), 0)
  const most = Math.max(0, Math.min(longestBar, width - label.length - 50))
  return stages.map(({ name, since, lasted }, at) => {
    const bar = lasted === null || whole === 0 ? '' : '#'.repeat(Math.ceil((lasted / whole) * most))
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
  return end ? [...stages, { name: wordFor(end.reason), since: end.time, lasted: null }] : stages
}

function shortText({ name, lasted }: Stage): string {
  return lasted === null ? name : `${name} ${spanText(lasted)}`
}

/** Most states are over in far less than a second. */
function spanText(milliseconds: number): string {
  return milliseconds < 1000 ? `${Math.round(milliseconds)}ms` : formatDuration(milliseconds)
}

/** The time of day, in UTC, to the millisecond. */
function momentText(milliseconds: number): string {
  return `${formatTime(milliseconds).slice(11, 19)}.${String(Math.floor(milliseconds % 1000)).padStart(3, '0')}`
}
