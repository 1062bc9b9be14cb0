import { parseSpan } from '../span.ts'

/** What a number in a filter counts, which says what its units are. */
export type AmountKind = 'count' | 'bytes' | 'time'

const prefixes = ['', 'k', 'm', 'g', 't', 'p']

/** Examples of each kind, for people. */
export const amountExamples: Readonly<Record<AmountKind, string>> = {
  count: '443 or 10k',
  bytes: '500, 10k, 1.5MiB, 2MB or 8Mbit',
  time: '30s, 5m, 1h30m or 2d',
}

/**
 * A number as people type it, null if it is none. Bytes (or bytes a second) with k, M, G, T or P: in powers of 1024 as the
 * screens show them, alone or before `iB`, in powers of 1000 as limits take them before `B` or `bit`; times in milliseconds
 * from ms, s, m, h, d and w, seconds without a unit; counts in powers of 1000.
 */
export function parseAmount(text: string, kind: AmountKind): number | null {
  return kind === 'time' ? parseTime(text) : parseScaled(text, kind)
}

function parseScaled(text: string, kind: 'count' | 'bytes'): number | null {
  const [, digits, prefix = '', unit = ''] = /^(\d+(?:\.\d+)?)([kmgtp]?)(i?b|bit)?(?:\/s)?$/i.exec(text) ?? []
  if (digits === undefined || (unit !== '' && kind === 'count')) return null
  const isBits = unit.toLowerCase() === 'bit'
  const isBinary = kind === 'bytes' && (unit === '' || unit.toLowerCase() === 'ib')
  const base = isBinary ? 1024 : 1000
  const amount = Number(digits) * base ** prefixes.indexOf(prefix.toLowerCase())
  return isBits ? amount / 8 : amount
}

function parseTime(text: string): number | null {
  return /^\d+(\.\d+)?$/.test(text) ? Number(text) * 1000 : (parseSpan(text) ?? null)
}
