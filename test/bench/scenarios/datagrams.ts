import { costOf, cpuFigures, prefixed, type Scenario, withServer } from './scenario.ts'

/** Payload of a datagram, in bytes: what many voice and game packets come to. */
const bytes = 200

/** UDP ASSOCIATE: datagrams to a target and back, of which each counts twice, since it is relayed twice. */
function datagrams(name: string, joined: boolean): Scenario {
  return {
    name,
    measures: (server) => server?.name !== 'microsocks',
    run: (setting) =>
      withServer(setting, async (running) => {
        const { origin, seconds } = setting
        const load = { kind: 'datagrams', proxyPort: running?.port, bytes, seconds, joined } as const
        // As of connections: what a server compiles once and for all is no datagram's cost.
        if (running) await costOf(running, origin, { ...load, seconds: 1 })
        const cost = await costOf(running, origin, load)
        const { end } = cost
        const relayed = end.connections * 2
        return {
          [`${name}, datagrams a second`]: relayed / end.seconds,
          [`${name}, lost in a thousand`]: (end.lost / (end.connections + end.lost)) * 1000,
          ...prefixed(`${name}, `, cpuFigures(cost, 'CPU-s a million datagrams', relayed / 1e6)),
        }
      }),
  }
}

/** Each leaves its program on its own, or many at once (UDP_SEGMENT). */
export const datagramScenarios = [datagrams('udp', false), datagrams('udp joined', true)]
