import { describe, expect, it, vi } from 'vitest'
import { bytes } from '../helpers/bytes.ts'
import { engines, startProxy } from '../helpers/engine.ts'
import { freePort } from '../helpers/free-port.ts'
import { expectReply, greeting, request, succeeded } from '../helpers/socks-client.ts'
import { startTarget } from '../helpers/target.ts'

/** A name, however it looks like an address. */
function byName(name: string, port: number): Uint8Array {
  return bytes(5, 1, 0, 3, name.length, name, port >> 8, port & 0xff)
}

/** Ways to say 127.0.0.1; what is no literal goes to a resolver that takes every form of inet_aton(3). */
const spellings = [
  '127.0.0.1',
  '::ffff:127.0.0.1',
  '::FFFF:7f00:1',
  '0:0:0:0:0:ffff:127.0.0.1',
  '0.0.0.0',
  '::ffff:0.0.0.0',
  '0177.1',
  '0x7f000001',
  '2130706433',
  '127.1',
  'LOCALHOST.',
]

describe.each(engines)('$kind engine:', ({ start }) => {
  it('no spelling of an address gets past a rule', async () => {
    const target = await startTarget('127.0.0.1')
    const services = { resolve: async () => ['127.0.0.1'] }
    const proxy = await startProxy(start, { services, forbidden: [{ address: '127.0.0.1', port: target.port }] })
    for (const name of spellings) {
      const client = await proxy.client()
      client.write(bytes(greeting, byName(name, target.port)))
      const heard = (await client.readToEnd()).toString('hex')
      expect([name, heard]).toEqual([name, `050005020001${'00'.repeat(6)}`])
      client.finish()
    }
    expect(target.unclaimed).toEqual([])
  })

  it('a name is asked for once, and what was checked is what is dialled', async () => {
    const target = await startTarget('127.0.0.1', await freePort())
    const forbidden = await startTarget('127.0.0.2', target.port)
    const answers = [['127.0.0.1'], ['127.0.0.2']]
    const resolve = vi.fn(async () => answers.shift() ?? [])
    const proxy = await startProxy(start, {
      services: { resolve },
      forbidden: [{ address: '127.0.0.2', port: target.port }],
    })
    const client = await proxy.client()
    client.write(bytes(greeting, request('rebinding.test', target.port)))
    expect(await client.readHex(2)).toBe('0500')
    await expectReply(client, succeeded)
    expect(resolve).toHaveBeenCalledTimes(1)
    expect(forbidden.unclaimed).toEqual([])
  })
})
