import type { Sample } from '../../shared/protocol/methods.ts'

/** The sample of a daemon where nothing has happened, at `seq` seconds since 1970, but for `fields`. */
export function sampleOf(seq: number, fields: Partial<Sample> = {}): Sample {
  return {
    seq,
    time: 1000 * seq,
    up: 0,
    down: 0,
    accepted: 0,
    connected: 0,
    failed: 0,
    denied: 0,
    connections: 0,
    ended: {},
    users: [],
    ...fields,
  }
}
