const second = 1000
const minute = 60 * second
const hour = 60 * minute
const day = 24 * hour

/** A span of `milliseconds` for people, its two greatest units: `0s`, `42s`, `1m05s`, `3h04m`, `12d03h`. */
export function formatDuration(milliseconds: number): string {
  const span = Math.max(0, milliseconds)
  if (span < minute) return `${Math.floor(span / second)}s`
  if (span < hour) return twoUnits(span, minute, 'm', second, 's')
  if (span < day) return twoUnits(span, hour, 'h', minute, 'm')
  return twoUnits(span, day, 'd', hour, 'h')
}

/** A moment, in milliseconds since 1970, to the second and in UTC: `2026-01-31T23:59:00Z`. */
export function formatTime(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace(/\.\d+/, '')
}

function twoUnits(span: number, great: number, greatName: string, small: number, smallName: string): string {
  const rest = Math.floor((span % great) / small)
  return `${Math.floor(span / great)}${greatName}${String(rest).padStart(2, '0')}${smallName}`
}
