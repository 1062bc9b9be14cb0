import type { Target } from '../client/index.ts'

/** Where the daemon is, as people write it; several places to try are those of this machine. */
export function placeOf(targets: readonly [Target, ...Target[]]): string {
  const [target, ...others] = targets
  if (others.length > 0) return 'this machine'
  if (target.kind === 'unix') return target.path
  return target.host.includes(':') ? `[${target.host}]:${target.port}` : `${target.host}:${target.port}`
}
