import { describe, expect, it } from 'vitest'
import { BannedSources } from '../../daemon/engine/shared/banned-sources.ts'
import { mapped, parseLiteral } from '../../daemon/net/address.ts'
import { type Network, parseNetwork } from '../../daemon/net/network.ts'
import { mostBans } from '../../shared/protocol/vocabulary.ts'
import { startEcho } from '../helpers/echo.ts'
import { engines, startProxy } from '../helpers/engine.ts'

const inBytes = (text: string) => mapped(parseLiteral(text) ?? new Uint8Array(4))

describe('the banned sources', () => {
  it('are an address of IPv4, or a network of IPv6, and nobody beside it', () => {
    const sources = new BannedSources(BannedSources.memory())
    expect(sources.isEmpty).toBe(true)
    sources.replace(['192.0.2.1', '2001:db8:1:2::/64', '2001:db8:2::/48'].map(parseNetwork))
    expect(sources.isEmpty).toBe(false)
    const banned = ['192.0.2.1', '2001:db8:1:2::9', '2001:db8:2:ffff::1']
    const free = ['192.0.2.2', '::192.0.2.1', 'c000:201::', '2001:db8:1:3::9', '2001:db8:3::1', '2001:db8:1::1']
    expect(banned.map((text) => sources.turnsAway(inBytes(text)))).toEqual([true, true, true])
    expect(free.filter((text) => sources.turnsAway(inBytes(text)))).toEqual([])
    sources.replace([])
    expect(sources.isEmpty).toBe(true)
    expect(banned.filter((text) => sources.turnsAway(inBytes(text)))).toEqual([])
  })

  it('are found among as many as there can be', () => {
    const sources = new BannedSources(BannedSources.memory())
    // The protocol tells it.
    expect(BannedSources.most).toBe(mostBans)
    const all: Network[] = Array.from({ length: BannedSources.most }, (_, i) => ({
      bytes: Uint8Array.of(10, i >> 16, i >> 8, i),
      prefix: 32,
    }))
    sources.replace(all)
    expect(all.filter(({ bytes }) => !sources.turnsAway(mapped(bytes)))).toEqual([])
    expect(sources.turnsAway(mapped(Uint8Array.of(11, 0, 0, 1)))).toBe(false)
  })
})

describe.each(engines)('a banned source, $kind', ({ start }) => {
  it('is reset at accept, while its live sessions go on, and comes in again once it is not', async () => {
    const banned = BannedSources.memory()
    const sources = new BannedSources(banned)
    const port = await startEcho()
    const proxy = await startProxy(start, { banned })
    const live = await proxy.open('127.0.0.1', port)
    sources.replace(['127.0.0.1', '::/64'].map(parseNetwork))
    for (const via of ['127.0.0.1', '::1']) {
      // The RST may come as soon as the connection stands.
      const end = proxy.client(via).then(
        (client) => client.discard(),
        ({ code }) => code,
      )
      expect(await end).toBe('ECONNRESET')
    }
    live.write('still here')
    expect(await live.readText(10)).toBe('still here')
    sources.replace([parseNetwork('127.0.0.9')])
    const again = await proxy.open('127.0.0.1', port)
    again.write('again')
    expect(await again.readText(5)).toBe('again')
    for (const each of [live, again]) each.finish()
    await proxy.empty()
  })
})
