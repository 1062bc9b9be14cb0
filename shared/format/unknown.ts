/** Stands for what is not known: a daemon of another version, or one that lies, has not told it, or something else in its place. */
export const unknown = '?'

/** A text or a number that a daemon tells, if it is one. */
export function shown(value: unknown): string {
  return typeof value === 'string' || Number.isFinite(value) ? `${value}` : unknown
}
