import { availableParallelism } from 'node:os'
import type { Configuration } from './configuration.ts'
import type { EngineOptions, Policy } from './engine/engine.ts'
import { presentAddresses } from './listening.ts'

/** More loops than this gain little beside the kernel's own work. */
const mostWorkersByDefault = 4

/** The settings as the engine wants them. Throws a `Failure` if this machine has none of the default addresses. */
export async function engineOptions(
  { values, sources }: Configuration,
  policy: Policy,
  warn: (message: string) => void,
): Promise<EngineOptions> {
  const asked = values['socks-addr']
  const addresses = sources['socks-addr'] === 'default' ? await presentAddresses('socks', asked, warn) : asked
  return {
    listen: addresses.map((address) => ({ address, port: values['socks-port'] })),
    workers: values.workers || Math.min(mostWorkersByDefault, availableParallelism()),
    backlog: values.backlog,
    maxSessions: values['max-connections'],
    timeouts: {
      negotiation: values['timeout-negotiation'],
      resolve: values['timeout-resolve'],
      connect: values['timeout-connect'],
      idle: values['timeout-idle'],
      halfClosed: values['timeout-half-closed'],
    },
    policy,
  }
}
