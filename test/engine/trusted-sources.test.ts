import { describe, expect, it } from 'vitest'
import { Total } from '../../daemon/engine/session-table.ts'
import { parseNetwork } from '../../daemon/net/network.ts'
import { bytes } from '../helpers/bytes.ts'
import { startEcho } from '../helpers/echo.ts'
import { alice, enginesOfOneLoop, startProxy } from '../helpers/engine.ts'
import { eventually } from '../helpers/eventually.ts'
import { expectRefusal, expectReply, greeting, request, succeeded } from '../helpers/socks-client.ts'

const from = (network: string, user: number) => ({ network: parseNetwork(network), user })

describe.each(enginesOfOneLoop)('$kind engine: clients from a trusted source', ({ start }) => {
  it('need no password, whatever they speak, and count as its user', async () => {
    const trusted = [from('127.0.0.1', alice.index), from('127.0.0.0/8', 0)]
    const [proxy, port] = [await startProxy(start, { passwordRequired: true, trusted }), await startEcho()]
    const socks5 = await proxy.open('127.0.0.1', port)
    const socks4 = await proxy.client()
    socks4.write(bytes(4, 1, port >> 8, port & 0xff, 127, 0, 0, 1, 0))
    expect((await socks4.readHex(8)).slice(0, 4)).toBe('005a')
    const http = await proxy.client()
    http.write(`CONNECT 127.0.0.1:${port} HTTP/1.1\r\n\r\n`)
    expect(await http.readText(12)).toBe('HTTP/1.1 200')
    expect(proxy.rows().map(({ user }) => user)).toEqual(Array(3).fill(alice.index))
    expect(proxy.userSessions(alice.index)).toBe(3)
    expect(proxy.lines.live(alice.index)).toBe(3)
    expect(proxy.total(Total.loggedIn)).toBe(0)
    for (const client of [socks5, socks4, http]) client.reset()
    await proxy.empty()
  })

  it.each([0, alice.index])(
    'are asked for one again when it is trusted no more, even behind their greeting: %d',
    async (user) => {
      const trusted = [from('127.0.0.1', user)]
      const [proxy, port] = [await startProxy(start, { passwordRequired: true, trusted }), await startEcho()]
      const client = await proxy.open('127.0.0.1', port)
      expect(proxy.rows()).toMatchObject([{ user }])
      const silent = await proxy.client()
      const greeted = await proxy.client()
      greeted.write(greeting)
      expect(await greeted.readHex(2)).toBe('0500')
      await eventually(() => expect(proxy.rows()).toHaveLength(3))
      await proxy.engine.order('apply', { trusted: [] })
      greeted.write(request('127.0.0.1', port))
      await expectRefusal(greeted, '02')
      silent.write(greeting)
      expect(await silent.readHex(2)).toBe('05ff')
      for (const each of [greeted, silent]) each.finish()
      client.reset()
      await proxy.empty()
    },
  )

  it('count as whom it is trusted when they ask', async () => {
    const trusted = [from('127.0.0.1', alice.index)]
    const [proxy, port] = [await startProxy(start, { passwordRequired: true, trusted }), await startEcho()]
    const client = await proxy.client()
    client.write(greeting)
    expect(await client.readHex(2)).toBe('0500')
    expect(proxy.rows()).toMatchObject([{ user: alice.index }])
    await proxy.engine.order('apply', { trusted: [from('127.0.0.1', 0)] })
    client.write(request('127.0.0.1', port))
    await expectReply(client, succeeded)
    expect(proxy.rows()).toMatchObject([{ user: 0 }])
    expect(proxy.userSessions(alice.index)).toBe(0)
    client.reset()
    await proxy.empty()
  })

  it('are no others', async () => {
    const proxy = await startProxy(start, { passwordRequired: true, trusted: [from('127.0.0.0/8', 0)] })
    const client = await proxy.client('::1')
    client.write(greeting)
    expect(await client.readHex(2)).toBe('05ff')
    client.finish()
    await proxy.empty()
  })
})
