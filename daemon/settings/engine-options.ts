import { availableParallelism } from 'node:os'
import { type Settings, settings } from '../../shared/settings.ts'
import type { EngineOptions, Policy, Tuning } from '../engine/engine.ts'
import { presentAddresses } from '../listening.ts'
import { commands } from './commands.ts'
import type { Configuration } from './configuration.ts'
import { forwardsOf } from './forwards.ts'

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
    forwards: forwardsOf(values),
    workers: values.workers || Math.min(mostWorkersByDefault, availableParallelism()),
    backlog: values.backlog,
    // Room that nobody uses costs no memory, and lets max-connections be raised while the daemon runs.
    capacity: Math.max(values['max-connections'], settings['max-connections'].default),
    ...tuningOf(values),
    policy,
  }
}

/** What clients may ask for, and what they are told, by the settings. */
export function permissionsOf(
  values: Readonly<Settings>,
): Pick<Policy, 'commands' | 'udpAdvertise' | 'udpPortRequired'> {
  const allowed = Object.entries(commands).flatMap(([name, command]) => (values.commands.includes(name) ? command : []))
  return {
    commands: allowed,
    udpAdvertise: values['udp-advertise'],
    udpPortRequired: values['udp-port-required'],
  }
}

/** The settings that the engine can take while it runs. */
export function tuningOf(values: Readonly<Settings>): Tuning {
  return {
    maxSessions: values['max-connections'],
    timeouts: {
      negotiation: values['timeout-negotiation'],
      resolve: values['timeout-resolve'],
      connect: values['timeout-connect'],
      idle: values['timeout-idle'],
      halfClosed: values['timeout-half-closed'],
      udp: values['timeout-udp'],
      bind: values['timeout-bind'],
    },
    liveness: { keepalive: values['tcp-keepalive'], userTimeout: values['tcp-user-timeout'] },
  }
}
