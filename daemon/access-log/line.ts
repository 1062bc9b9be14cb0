import { safeJson } from '../../shared/format/safe-text.ts'
import type { AccessEntry } from '../../shared/protocol/methods.ts'
import type { Settings } from '../../shared/settings.ts'

/** An entry of which no more is told than that so many are missing. */
export interface Loss {
  /** Milliseconds since 1970. */
  readonly ts: number
  readonly event: 'dropped'
  readonly count: number
}

/** How an entry is written, with the end of its line. */
export const lineOf: Readonly<Record<Settings['access-log-format'], (entry: AccessEntry | Loss) => string>> = {
  json(entry) {
    const { ts, ...rest } = entry
    return `{"ts":"${new Date(ts).toISOString()}",${safeJson(rest).slice(1)}\n`
  },
  text(entry) {
    const { ts, event, ...rest } = entry
    const fields = Object.entries(rest).map(([name, value]) => `${name}=${wordOf(value)}`)
    return `${new Date(ts).toISOString()} ${event} ${fields.join(' ')}\n`
  },
}

/** What is null is a dash; what could be taken for something else is quoted as in JSON. */
function wordOf(value: string | number | null | undefined): string {
  if (value === null || value === undefined) return '-'
  if (typeof value === 'number') return String(value)
  return /^[!#-~]+$/.test(value) && value !== '-' ? value : safeJson(value)
}
