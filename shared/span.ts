const units: readonly (readonly [name: string, milliseconds: number])[] = [
  ['w', 604_800_000],
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
  ['ms', 1],
]

/** What a setting that is a time counts, by what stands for its value in the help: milliseconds of one. */
const counted: Readonly<Record<string, number>> = { MS: 1, S: 1000 }

/** Milliseconds of a span of time as people write it, such as `90s`, `1h30m`, `1.5d` or `4w`; undefined if it is none. */
export function parseSpan(text: string): number | undefined {
  const lower = text.toLowerCase()
  if (!/^(\d{1,9}(\.\d{1,9})?(ms|[smhdw]))+$/.test(lower)) return undefined
  const parts = [...lower.matchAll(/([\d.]+)(ms|[smhdw])/g)]
  return parts.reduce((sum, [, digits, unit]) => {
    return sum + Number(digits) * (units.find(([name]) => name === unit)?.[1] ?? 0)
  }, 0)
}

/** A span of whole milliseconds as it would be written, exactly and in as few parts as that takes: `1h30m`, `2d`, `0s`. */
export function formatSpan(milliseconds: number): string {
  let rest = milliseconds
  const parts = units.flatMap(([name, each]) => {
    // Weeks are for writing only: people think in days.
    const count = name === 'w' ? 0 : Math.floor(rest / each)
    rest -= count * each
    return count > 0 ? [`${count}${name}`] : []
  })
  return parts.join('') || '0s'
}

/** Whether a setting with this placeholder is a span of time. */
export function isSpan(placeholder: string | undefined): placeholder is string {
  return placeholder !== undefined && Object.hasOwn(counted, placeholder)
}

/**
 * The number that a setting of time holds, of a text: a span, or that number itself. Undefined for a text that is neither,
 * and for a span that is no whole number of what the setting counts.
 */
export function readSpan(text: string, placeholder: string): number | undefined {
  if (/^\d{1,15}$/.test(text)) return Number(text)
  const span = (parseSpan(text) ?? Number.NaN) / (counted[placeholder] ?? 1)
  return Number.isInteger(span) ? span : undefined
}

/** The number that a setting of time holds, for people. */
export function spanText(value: number, placeholder: string): string {
  return formatSpan(value * (counted[placeholder] ?? 1))
}
