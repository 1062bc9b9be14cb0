import { availableParallelism } from 'node:os'
import { type Settings, settings } from '../../shared/settings.ts'
import type { EngineOptions, Policy, Tuning } from '../engine/engine.ts'
import type { Endpoint } from '../net/endpoint.ts'
import { parseNetwork } from '../net/network.ts'
import { protocolNames } from '../socks/conversation.ts'
import { forwardsOf } from './forwards.ts'
import { commands, rateOf } from './setting-values.ts'

/** More loops than this gain little beside the kernel's own work. */
const mostWorkersByDefault = 4

/** The settings as the engine wants them that is to serve SOCKS on these endpoints. */
export function engineOptions(
  values: Readonly<Settings>,
  listen: readonly Endpoint[],
  policy: Policy,
): Omit<EngineOptions, 'limitLines' | 'sourceLines' | 'banned' | 'known' | 'rules'> {
  return {
    ...sizesOf(values, listen),
    backlog: values.backlog,
    ...tuningOf(values),
    balancers: values['proxy-protocol-from'].map(parseNetwork),
    policy,
  }
}

/** What there has to be room for, in an engine that is to serve SOCKS on these endpoints. */
export function sizesOf(values: Readonly<Settings>, listen: readonly Endpoint[]) {
  return {
    listen,
    forwards: forwardsOf(values),
    workers: values.workers || Math.min(mostWorkersByDefault, availableParallelism()),
    // Room that nobody uses costs no memory, and lets max-connections be raised while the daemon runs.
    capacity: Math.max(values['max-connections'], settings['max-connections'].default),
  }
}

/** What clients may ask for, and what they are told, by the settings. */
export function permissionsOf(
  values: Readonly<Settings>,
): Pick<Policy, 'protocols' | 'commands' | 'udpAdvertise' | 'udpPortRequired'> {
  const allowed = Object.entries(commands).flatMap(([name, command]) => (values.commands.includes(name) ? command : []))
  return {
    protocols: protocolNames.filter((name) => values.protocols.includes(name)),
    commands: allowed,
    udpAdvertise: values['udp-advertise'],
    udpPortRequired: values['udp-port-required'],
  }
}

/** What all clients together may have, and each source by itself. */
export function sharedLimitsOf(values: Readonly<Settings>) {
  const none = { group: 0, maxConnections: undefined, maxSources: undefined }
  return {
    together: { ...none, rateUp: rateOf(values['rate-up']), rateDown: rateOf(values['rate-down']) },
    source: {
      ...none,
      rateUp: rateOf(values['rate-up-source']),
      rateDown: rateOf(values['rate-down-source']),
      maxConnections: values['max-connections-source'] || undefined,
      connectRate: values['connect-rate-source'] || undefined,
    },
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
