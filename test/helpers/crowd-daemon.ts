import { setTimeout } from 'node:timers/promises'
import { expect } from 'vitest'
import { daemonFlags } from '../../shared/program-head.ts'
import type { Connection } from '../../shared/protocol/methods.ts'
import { type Daemon, startDaemon } from './daemon.ts'
import { startDnsServer, type Zone } from './dns-server.ts'
import { operate } from './operate.ts'

/** The users of the crowd's endings; the password of each is `secret`. */
const names = ['other', 'exact', 'cut']
/** As many as may wait at one listening socket, or else the kernel would forget some that have come and gone. */
export const atOnce = 128
/** Short enough for many to run out, and long enough for those that must not. */
const timeouts = {
  negotiation: 10_000,
  resolve: 2_000,
  connect: 2_000,
  idle: 4_000,
  'half-closed': 4_000,
  udp: 4_000,
  bind: 2_000,
  drain: 0,
}

/** What the crowd's names stand for; `never.test` is not answered. */
const zone: Zone = Object.fromEntries([
  ...Array.from({ length: 32 }, (_, i) => i + 1).flatMap((octet) =>
    ['any', 'kill'].map((word) => [`${word}-${octet}.test`, { addresses: [`127.0.1.${octet}`] }] as const),
  ),
  ['silent.test', { addresses: ['127.0.3.1'] }],
])

/** A daemon for the crowd of `letIn`, with its users, that writes its access log to `file`. */
export async function startForCrowd(engine: string, file: string): Promise<Daemon> {
  const dns = await startDnsServer(zone)
  for (const type of ['A', 'AAAA']) dns.hold(`never.test ${type}`)
  const limits = Object.entries(timeouts).flatMap(([name, value]) => [`--timeout-${name}`, String(value)])
  const args = [
    ...['--engine', engine, '--workers', '2', '--dns', dns.at],
    ...['--max-connections', '1000', '--auth', 'required', ...limits],
    ...['--access-log', file, '--access-log-size', '2MB', '--access-log-count', '99'],
  ]
  const daemon = await startDaemon(args, { nodeFlags: daemonFlags })
  const operator = await operate(daemon)
  for (const name of names)
    expect((await operator.call('users.add', { name, password: 'secret' })).error).toBeUndefined()
  return daemon
}

/** Ends what asks for it: connections by the name that they went to, users by theirs. */
export async function endAsAsked(daemon: Daemon, signal: AbortSignal): Promise<void> {
  const operator = await operate(daemon)
  while (!signal.aborted) {
    const { connections } = (await operator.call('connections.list')).result
    const ids = connections
      .filter(({ destination, state }: Connection) => destination?.startsWith('kill-') && state === 'open')
      .map(({ id }: Connection) => id)
    if (ids.length > 0) await operator.call('connections.kill', { ids })
    if (connections.some(({ user }: Connection) => user === 'cut')) await operator.call('users.cut', { name: 'cut' })
    await setTimeout(100)
  }
}
