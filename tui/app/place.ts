import type { Place } from '../options/place.ts'

/** Where the daemon is, as people write it; several places to try are those of this machine. */
export function placeOf(places: readonly [Place, ...Place[]]): string {
  const [place, ...others] = places
  if (others.length > 0) return 'this machine'
  if (place.kind === 'unix') return place.path
  const address = place.host.includes(':') ? `[${place.host}]:${place.port}` : `${place.host}:${place.port}`
  return 'operator' in place ? `${place.operator} at ${address}` : address
}
