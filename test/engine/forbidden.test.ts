import { describe, expect, it } from 'vitest'
import { Reason } from '../../daemon/engine/session-table.ts'
import { bytes } from '../helpers/bytes.ts'
import { enginesOfOneLoop, openPolicy, type ProxyUnderTest, startProxy } from '../helpers/engine.ts'
import { expectRefusal, greeting, request } from '../helpers/socks-client.ts'
import { startTarget } from '../helpers/target.ts'

async function expectReplyTo(proxy: ProxyUnderTest, host: string, port: number, reply: string): Promise<void> {
  const client = await proxy.client()
  client.write(bytes(greeting, request(host, port)))
  expect(await client.readHex(2)).toBe('0500')
  await expectRefusal(client, reply)
  client.finish()
}

describe.each(enginesOfOneLoop)('$kind engine: a forbidden endpoint', ({ start }) => {
  it.each([
    ['127.0.0.1', '127.0.0.1'],
    ['127.0.0.1', '::ffff:127.0.0.1'],
    ['127.0.0.1', '0.0.0.0'],
    ['127.0.0.1', '::ffff:0.0.0.0'],
    ['127.0.0.1', 'one.test'],
    ['::1', '::1'],
    ['::1', '::'],
    ['::1', 'six.test'],
    ['::ffff:127.0.0.1', '127.0.0.1'],
    ['0.0.0.0', '127.0.0.1'],
    ['0.0.0.0', '127.0.0.2'],
    ['::', '::1'],
  ])('%s is not reached as %s', async (listener, host) => {
    const target = await startTarget(listener)
    const proxy = await startProxy(start, { forbidden: [{ address: listener, port: target.port }] })
    await expectReplyTo(proxy, host, target.port, '02')
    await proxy.empty()
    expect([proxy.failed, proxy.ended(Reason.denied)]).toEqual([1, 0])
    expect(target.unclaimed).toEqual([])
  })

  it('leaves the same port of other addresses alone, and other ports', async () => {
    const other = await startTarget('127.0.0.2')
    const proxy = await startProxy(start, {
      forbidden: [
        { address: '127.0.0.1', port: other.port },
        { address: '::', port: other.port },
      ],
    })
    await proxy.open('127.0.0.2', other.port)
    await proxy.open('127.0.0.1', (await startTarget('127.0.0.1')).port)
  })

  it('is passed over for the next address of a name', async () => {
    const target = await startTarget('127.0.0.1')
    const proxy = await startProxy(start, { forbidden: [{ address: '::1', port: target.port }] })
    await proxy.open('both.test', target.port)
  })

  it('is forbidden from the moment the policy says so, to connections that live already not', async () => {
    const target = await startTarget('127.0.0.1')
    const proxy = await startProxy(start)
    const live = await proxy.open('one.test', target.port)
    const forbidden = [{ address: '127.0.0.1', port: target.port }]
    await proxy.engine.order('apply', { ...openPolicy, forbidden })
    await expectReplyTo(proxy, 'one.test', target.port, '02')
    live.write('x')
    expect(await (await target.next()).readText(1)).toBe('x')
  })
})
