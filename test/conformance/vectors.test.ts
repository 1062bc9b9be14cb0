import { setTimeout } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { bytes } from '../helpers/bytes.ts'
import { startEcho } from '../helpers/echo.ts'
import { engines, type ProxyUnderTest, sharedProxy } from '../helpers/engine.ts'
import { longestWait } from '../helpers/patience.ts'
import type { Peer } from '../helpers/peer.ts'
import { type Deliver, deliveries } from './deliver.ts'
import { standingVectors } from './standing-vectors.ts'
import { vectors as others, type Vector } from './vectors.ts'

const vectors: readonly Vector[] = [...others, ...standingVectors]

/** What a client says behind its request; the server gives it back. */
const behind = bytes('what follows')

/** All that the client hears, in hexadecimal, and how the connection ends once it has finished too. */
async function play(proxy: ProxyUnderTest, vector: Vector, port: number, deliver: Deliver): Promise<string> {
  const client = await proxy.client()
  await deliver(client, vector.says(port), behind)
  if (vector.end === 'connected') client.finish()
  if (vector.end === 'waiting') return playWaiting(client)
  const heard = await client.readToEnd()
  client.finish()
  return `${heard.toString('hex')} ${await client.ending}`
}

/** The replies so far to a client that waits, which then goes. */
async function playWaiting(client: Peer): Promise<string> {
  const heard = await client.readHex(6)
  const bound = await client.readHex((heard.endsWith('01') ? 4 : 16) + 2)
  client.reset()
  return `${heard}${bound} ${await client.ending}`
}

function expected({ replies, end }: Vector): unknown {
  const echoed = end === 'connected' ? Buffer.from(behind).toString('hex') : ''
  return expect.stringMatching(new RegExp(`^${replies.replaceAll(' ', '')}${echoed} closed$`))
}

describe.each(engines)('$kind engine: what clients say,', ({ start }) => {
  const [open, locked] = [sharedProxy(start), sharedProxy(start, { passwordRequired: true })]

  it.each(deliveries)('$how, is answered to the byte', async ({ deliver }) => {
    const port = await startEcho()
    const proxies = { open: await open(), locked: await locked() }
    const answers: Record<string, string> = {}
    // Some at a time: who is refused at the first byte must have said the last one before the proxy has listened for long enough.
    const left = [...vectors]
    const playAll = async () => {
      for (let vector = left.shift(); vector; vector = left.shift()) {
        const proxy = vector.passwordRequired ? proxies.locked : proxies.open
        const hangs = setTimeout(longestWait, 'hangs', { ref: false })
        answers[vector.title] = await Promise.race([play(proxy, vector, port, deliver), hangs])
      }
    }
    await Promise.all(Array.from({ length: 10 }, playAll))
    expect(answers).toEqual(Object.fromEntries(vectors.map((vector) => [vector.title, expected(vector)])))
    await Promise.all([proxies.open.empty(), proxies.locked.empty()])
  })
})

it('has no two vectors of one title', () => {
  expect(new Set(vectors.map(({ title }) => title)).size).toBe(vectors.length)
})
