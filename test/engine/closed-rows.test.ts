import { describe, expect, it } from 'vitest'
import { endedCapacity, Reason, Total } from '../../daemon/engine/session-table.ts'
import { bytes } from '../helpers/bytes.ts'
import { alice, engines, oneLoop, startProxy } from '../helpers/engine.ts'
import { eventually } from '../helpers/eventually.ts'
import { mostTelling } from '../helpers/most-telling.ts'
import { startTarget } from '../helpers/target.ts'

describe.each(engines)('$kind engine: rows of sessions that ended', ({ start }) => {
  it('tell all that the live row told, and every byte', async () => {
    const proxy = await startProxy(start, { passwordRequired: true })
    const target = await startTarget()
    const client = await proxy.openAsAlice('one.test', target.port)
    const peer = await target.next()
    const [up, down] = [bytes(new Uint8Array(300_000).fill(1)), bytes(new Uint8Array(700_000).fill(2))]
    client.write(up)
    client.finish()
    expect(await peer.readToEnd()).toHaveLength(up.length)
    const [live] = proxy.rows()
    peer.write(down)
    peer.finish()
    expect(await client.readToEnd()).toHaveLength(down.length)

    const row = await proxy.onlyClosed()
    expect(row).toMatchObject({ ...live, up: up.length, down: down.length, reason: 'finished' })
    expect(row).toMatchObject({ user: alice.index, name: 'one.test' })
    expect(row.timeline.map(([state]) => state)).toEqual(['negotiating', 'resolving', 'connecting', 'open'])
  })
})

/** How rows are kept is the same for both, and takes thousands of sessions to see. */
const telling = engines.filter(({ kind }) => mostTelling.includes(kind))

describe.each(telling)('$kind engine: rows of sessions that ended', ({ start }) => {
  it('are the last ones of a loop, however many came and went', async () => {
    const proxy = await startProxy(oneLoop(start))
    const most = endedCapacity * proxy.engine.tables.length
    const count = most + 200
    const visit = async () => {
      const client = await proxy.client()
      client.write('(garbage)')
      await client.discard()
      client.finish()
    }
    for (let i = 0; i < count; i += 100) await Promise.all(Array.from({ length: 100 }, visit))
    await eventually(() => expect(proxy.total(Total.accepted)).toBe(proxy.ended(Reason.malformed)))
    await proxy.empty()
    const rows = proxy.closed()
    expect(new Set(rows.map(({ serial }) => serial)).size).toBe(rows.length)
    for (const table of proxy.engine.tables) {
      const serials = [...table.serial.subarray(table.capacity)].filter((serial) => serial !== 0)
      const ended = table.ended.reduce((a, b) => a + b)
      expect(serials).toHaveLength(Math.min(ended, endedCapacity))
      // Garbage is refused at once, so sessions end nearly in the order in which they came.
      const oldest = Math.min(...serials)
      const newest = Math.max(...serials)
      expect(newest - oldest).toBeLessThan((endedCapacity + 200) * proxy.engine.tables.length)
      expect(newest).toBeGreaterThan((ended - 100) * proxy.engine.tables.length)
    }
  })
})
