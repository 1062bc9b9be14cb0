import { connect, type Socket } from 'node:net'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { connectThrough } from '../../helpers/connect-through.ts'
import { eventually } from '../../helpers/eventually.ts'
import { connectPeer } from '../../helpers/peer.ts'
import { startTarget } from '../../helpers/target.ts'
import { greeted, type Line, type RawClient } from '../raw-client.ts'
import { abusedDaemon, admin, loggedIn, pipeline, servedBeside, unharmedBy } from './abused-daemon.ts'

const abused = abusedDaemon(['--log-level', 'debug'])
const topics = ['metrics', 'connections', 'log']

// All the while there are clients who ask much, follow everything and read nothing.
const deaf: Socket[] = []
const start = { jsonrpc: '2.0', id: 'start', method: 'session.start', params: { protocol: [1, 0], client: 'deaf' } }
const greed = [
  start,
  ...topics.map((topic) => ({ jsonrpc: '2.0', id: topic, method: `${topic}.subscribe` })),
  ...Array.from({ length: 20_000 }, (_, id) => ({ jsonrpc: '2.0', id, method: 'rpc.describe' })),
]
beforeAll(() => {
  for (let i = 0; i < 4; i++) {
    const socket = connect(abused.unix).on('error', () => {})
    socket.pause()
    socket.write(greed.map((request) => `${JSON.stringify(request)}\n`).join(''))
    deaf.push(socket)
  }
})
afterAll(() => {
  for (const socket of deaf) socket.destroy()
})

/** The table of live connections as a client has it that obeys every event. */
class Follower {
  readonly ids = new Set<string>()
  /** Rows that were never told of and yet closed or moved, or told of twice: there must be none. */
  readonly ghosts: string[] = []
  #seq = 0

  take({ method, params }: Line): void {
    if (!method?.startsWith('connections.')) return
    // A subscription begins anew.
    if (method === 'connections.snapshot' && params.seq === 0) this.#begin()
    expect(params.seq).toBe(this.#seq++)
    if (method === 'connections.resync') this.ids.clear()
    for (const { id } of [...(params.connections ?? []), ...(params.changed ?? [])]) this.ids.add(id)
    for (const [id] of params.moved ?? []) if (!this.ids.has(id)) this.ghosts.push(id)
    for (const id of params.closed ?? []) if (!this.ids.delete(id)) this.ghosts.push(id)
  }

  #begin(): void {
    this.ids.clear()
    this.#seq = 0
  }
}

/** The ids that a client is told of in answer to `connections.list`, all pages. */
async function listed(client: RawClient): Promise<string[]> {
  const ids: string[] = []
  let cursor: string | undefined
  do {
    const { result } = await client.call('connections.list', cursor === undefined ? {} : { cursor })
    ids.push(...result.connections.map(({ id }: { id: string }) => id))
    cursor = result.next
  } while (cursor !== undefined)
  return ids.sort()
}

it('keeps one subscription to a topic of 10,000 that are asked for, and serves others in between', async () => {
  const served = await unharmedBy(abused, async () => {
    const client = await admin(abused)
    const count = 3333
    for (const topic of topics) pipeline(client, count, `${topic}.subscribe`)
    for (let replies = 0; replies < topics.length * count; ) {
      const line = await client.next()
      expect(line?.error).toBeUndefined()
      if (line?.id !== undefined) replies++
    }
    const samples: number[] = []
    while (samples.length < 2) {
      const line = await client.next()
      if (line?.method === 'metrics.sample') samples.push(line.params.seq)
    }
    // Of two subscriptions each would have told of it.
    expect(new Set(samples).size).toBe(2)
  })
  expect(served).toBeGreaterThan(10)
})

it('shows no ghost of a connection when snapshots race with thousands that come and go', async () => {
  const target = await startTarget()
  const staying = await Promise.all(
    Array.from({ length: 20 }, () => connectThrough(abused.daemon.port('socks'), target)),
  )
  const viewer = await admin(abused)
  const follower = new Follower()
  await unharmedBy(abused, async () => {
    let isOver = false
    const coming = Array.from({ length: 8 }, async () => {
      for (let i = 0; i < 150; i++) {
        const peer = await connectPeer('127.0.0.1', abused.daemon.port('socks'))
        if (i % 3 === 0) peer.write(Buffer.from('050100', 'hex'))
        peer.reset()
        await peer.ending
      }
    })
    const end = Promise.all(coming).then(() => {
      isOver = true
    })
    for (let id = 0; !isOver; id++) {
      viewer.request('connections.subscribe', {}, id)
      for (let line = await viewer.next(); line?.id !== id; line = await viewer.next()) follower.take(line ?? {})
      // Let some of the changes come, too.
      const line = await viewer.next()
      follower.take(line ?? {})
    }
    await end
  })
  const other = await admin(abused)
  await eventually(async () => expect(await listed(other)).toHaveLength(staying.length))
  const live = await listed(other)
  while (follower.ids.size !== live.length) follower.take((await viewer.next()) ?? {})
  expect([...follower.ids].sort()).toEqual(live)
  expect(follower.ghosts).toEqual([])
})

it('tells a follower of the log what others are refused, and itself nothing without end', async () => {
  await servedBeside(abused, async () => {
    const client = await admin(abused)
    await client.call('log.subscribe', { level: 'debug' })
    const since = (await client.call('log.subscribe', { level: 'debug', history: 1 })).result.entries.at(-1)?.seq ?? 0
    const failing = await loggedIn(abused)
    failing.socket.destroy()
    const line = await client.next()
    expect(line).toMatchObject({ method: 'log.entries', params: { lost: 0 } })
    // Telling of the log is not logged, or one entry would beget the next.
    const { seq } = line?.params.entries.at(-1) ?? {}
    for (let i = 0; i < 10; i++) await client.call('status.get')
    const { entries } = (await client.call('log.subscribe', { level: 'debug', history: 10 })).result
    expect(entries.at(-1).seq).toBe(seq)
    expect(seq - since).toBeLessThan(3)
  })
})

it('forgets the subscriptions of those who go', async () => {
  await unharmedBy(abused, async () => {
    for (let round = 0; round < 100; round++) {
      const client = await admin(abused)
      for (const topic of topics) await client.call(`${topic}.subscribe`)
      client.socket.destroy()
    }
  })
})

// Here, where the time runs anyhow.
it('gives those five seconds who say nothing, little, or what has no line end, such as a SOCKS5 greeting', async () => {
  await servedBeside(abused, async () => {
    const [silent, slow, socks] = [await greeted(abused.tcp), await greeted(abused.tcp), await greeted(abused.tcp)]
    socks.socket.write(Buffer.from('050100', 'hex'))
    const line = JSON.stringify(start)
    const drip = setInterval(() => slow.socket.write(line[slow.socket.bytesWritten] ?? ' '), 1000)
    for (const client of [silent, slow, socks]) {
      const reason = 'not logged in in time'
      expect(await client.rest()).toMatchObject([{ method: 'goodbye', params: { reason } }])
      client.socket.destroy()
    }
    clearInterval(drip)
  })
})

it('has kept a bounded amount for the deaf, and lets them go', async () => {
  await unharmedBy(abused, async () => {
    const abandoned = () => abused.daemon.stderr.match(/reads too slowly/g)
    await eventually(() => expect(abandoned()).toHaveLength(deaf.length))
  })
})
