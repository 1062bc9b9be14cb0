import { describe, expect, it } from 'vitest'
import { bytes } from '../helpers/bytes.ts'
import { startEcho } from '../helpers/echo.ts'
import { engines, type ProxyUnderTest, startProxy } from '../helpers/engine.ts'
import { type Deliver, deliveries } from './deliver.ts'
import { type Vector, vectors } from './vectors.ts'

/** What a client says behind its request; the server gives it back. */
const behind = bytes('what follows')

/** All that the client hears, in hexadecimal, and how the connection ends once it has finished too. */
async function play(proxy: ProxyUnderTest, vector: Vector, port: number, deliver: Deliver): Promise<string> {
  const client = await proxy.client()
  await deliver(client, vector.says(port), behind)
  if (vector.end === 'connected') client.finish()
  const heard = await client.readToEnd()
  client.finish()
  return `${heard.toString('hex')} ${await client.ending}`
}

function expected({ replies, end }: Vector): unknown {
  const echoed = end === 'connected' ? Buffer.from(behind).toString('hex') : ''
  return expect.stringMatching(new RegExp(`^${replies.replaceAll(' ', '')}${echoed} closed$`))
}

describe.each(engines)('$kind engine: what clients say,', ({ start }) => {
  it.each(deliveries)('$how, is answered to the byte', async ({ deliver }) => {
    const port = await startEcho()
    const proxies = { open: await startProxy(start), locked: await startProxy(start, { passwordRequired: true }) }
    const played = vectors.map(async (vector) => {
      const proxy = vector.passwordRequired ? proxies.locked : proxies.open
      return [vector.title, await play(proxy, vector, port, deliver)] as const
    })
    const answers = Object.fromEntries(await Promise.all(played))
    expect(answers).toEqual(Object.fromEntries(vectors.map((vector) => [vector.title, expected(vector)])))
    await Promise.all([proxies.open.empty(), proxies.locked.empty()])
  })
})

it('has no two vectors of one title', () => {
  expect(new Set(vectors.map(({ title }) => title)).size).toBe(vectors.length)
})
