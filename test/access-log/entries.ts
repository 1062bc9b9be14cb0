import type { AccessEntry } from '../../shared/protocol/methods.ts'

/** An entry of the tests' making. */
export function accessEntryOf(fields: Partial<AccessEntry> = {}): AccessEntry {
  return {
    ts: 1767225661730,
    event: 'end',
    id: 'k3fq-17',
    user: null,
    source: '127.0.0.1:42084',
    cmd: 'connect',
    name: 'example.com',
    address: '192.0.2.1',
    port: 443,
    up: 2210,
    down: 184320,
    duration: 212,
    connect_ms: 31,
    result: 'ok',
    reason: 'finished',
    loop: 0,
    ...fields,
  }
}
