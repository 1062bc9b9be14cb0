import { networkInterfaces } from 'node:os'
import { describe, expect, it } from 'vitest'
import { Reason, Total } from '../../daemon/engine/session-table.ts'
import { bytes } from '../helpers/bytes.ts'
import { enginesOfOneLoop, type ProxyUnderTest, startProxy } from '../helpers/engine.ts'
import { freePort } from '../helpers/free-port.ts'
import { connectPeer } from '../helpers/peer.ts'
import { expectRefusal, greeting, request } from '../helpers/socks-client.ts'
import { startTarget } from '../helpers/target.ts'

const everywhere = ['0.0.0.0', '::'].map((address) => ({ address, port: 0 }))

/** What other machines reach this one at, link-local addresses with their zone, for which a request has no place. */
const own = Object.entries(networkInterfaces()).flatMap(([name, addresses = []]) =>
  addresses
    .filter(({ internal }) => !internal)
    .map(({ address }) => (address.startsWith('fe80:') ? `${address}%${name}` : address)),
)
const literals = own.filter((address) => !address.includes('%'))
if (own.length === 0) console.warn('SKIPPED: tests that need an address beside loopback, which this machine lacks')

/** A client is refused with REP 02, and the proxy has not met itself. */
async function expectNoWayTo(proxy: ProxyUnderTest, host: string, port: number): Promise<void> {
  const client = await proxy.client()
  client.write(bytes(greeting, request(host, port)))
  expect(await client.readHex(2)).toBe('0500')
  await expectRefusal(client, '02')
  client.finish()
  await proxy.empty()
  expect([proxy.total(Total.accepted), proxy.ended(Reason.forbidden)]).toEqual([1, 1])
}

describe.each(enginesOfOneLoop)('$kind engine: the SOCKS port', ({ start }) => {
  it.each(['127.0.0.1', '::ffff:127.0.0.1', '0.0.0.0', '::1', '::', 'one.test', 'six.test', 'both.test'])(
    'is no target, as %s',
    async (host) => {
      const proxy = await startProxy(start)
      await expectNoWayTo(proxy, host, proxy.port)
    },
  )

  it.each(['127.0.0.1', '127.9.9.9', '::1', 'one.test'])('on every address is none as %s', async (host) => {
    const proxy = await startProxy(start, { listen: everywhere })
    await expectNoWayTo(proxy, host, proxy.port)
  })

  it.each(literals)('on every address is none as %s, this machine’s own', async (host) => {
    const proxy = await startProxy(start, { listen: everywhere })
    await expectNoWayTo(proxy, host, proxy.port)
  })

  it.each(own)('on every address is none by a name of %s', async (address) => {
    const services = { resolve: async () => ({ addresses: [address], lasts: 1000 }) }
    const proxy = await startProxy(start, { listen: everywhere, services })
    await expectNoWayTo(proxy, 'self.test', proxy.port)
  })
})

describe.each(enginesOfOneLoop)('$kind engine: a port for management', ({ start }) => {
  it.each(literals)('on every address is no target as %s, this machine’s own', async (host) => {
    const address = host.includes(':') ? '::' : '0.0.0.0'
    const management = await startTarget(address)
    const proxy = await startProxy(start, { forbidden: [{ address, port: management.port }] })
    await expectNoWayTo(proxy, host, management.port)
    expect(management.unclaimed).toEqual([])
  })
})

describe.each(enginesOfOneLoop)('$kind engine: a forward that leads to itself', ({ start }) => {
  it.each(['127.0.0.1', '0.0.0.0', 'one.test'])('resets its client, by %s', async (host) => {
    const port = await freePort()
    const proxy = await startProxy(start, { forwards: [{ listen: { address: '127.0.0.1', port }, host, port }] })
    // It may be so soon that the client has not even seen itself connected.
    const fate = connectPeer('127.0.0.1', port).then((client) => client.discard())
    expect(await fate.catch((error) => error.code)).toBe('ECONNRESET')
    await proxy.empty()
    expect([proxy.total(Total.accepted), proxy.ended(Reason.forbidden)]).toEqual([1, 1])
  })
})
