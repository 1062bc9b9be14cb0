import { setTimeout } from 'node:timers/promises'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import type { Timeouts } from '../../daemon/engine/engine.ts'
import { bufferBytes, mostKept } from '../../daemon/engine/portable/own-buffer.ts'
import { State, Total } from '../../daemon/engine/session-table.ts'
import { eachSource } from '../../daemon/engine/shared/limit-lines.ts'
import { descriptors } from '../helpers/descriptors.ts'
import { engines, type ProxyUnderTest, type Services, startProxy } from '../helpers/engine.ts'
import { eventually } from '../helpers/eventually.ts'
import { heaps } from '../helpers/heaps.ts'
import { longestWait } from '../helpers/patience.ts'
import { letIn } from './endings/crowd.ts'

/** The endings' users; the password of each is `secret`. */
const [otherUser, exactUser, cutUser] = [1, 2, 3]
const users: Readonly<Record<string, number>> = { other: otherUser, exact: exactUser, cut: cutUser }

const services: Services = {
  async authenticate({ username, password }) {
    const name = Buffer.from(username).toString('latin1')
    if (name === 'slow') await setTimeout(20)
    const user = users[name]
    const isGood = user !== undefined && Buffer.from(password).equals(Buffer.from('secret'))
    return isGood ? { user, revision: 0 } : undefined
  },
  async resolve(name) {
    if (name === 'late.test') await setTimeout(20)
    if (name === 'never.test') await setTimeout(5_000)
    // The crowd's black hole, which is dialled beside itself.
    if (name === 'silent.test') return Array<string>(3).fill('127.0.3.1')
    const [, octet] = /-(\d+)\.test$/.exec(name) ?? []
    return octet === undefined ? [] : [`127.0.1.${octet}`]
  },
}

/** Short enough for many to run out, and long enough for those that must not. */
const timeouts: Timeouts = {
  negotiation: 4_000,
  resolve: 2_000,
  connect: 8_000,
  idle: 4_000,
  halfClosed: 4_000,
  udp: 4_000,
  bind: 4_000,
}

/** How many connections each engine gets in all; the portable one is slower. */
const totals: Readonly<Record<string, number>> =
  process.env.TEST_LONG === undefined ? { linux: 1_000, portable: 500 } : { linux: 50_000, portable: 10_000 }
/** As many as may wait at one listening socket, or else the kernel would forget some that have come and gone. */
const atOnce = 128

/** How much a heap may grow, in bytes; a leak of 50 bytes a connection is more. */
const heapAllowance = 1024 * 1024
/** What the portable engine keeps for those who come next, which the first crowd need not have filled. */
const keptBuffers: Readonly<Record<string, number>> = { portable: mostKept * bufferBytes }
/** Pipes that the engine may keep for later: two loops with four each, of two descriptors. */
const idlePipes = 16

/** Ends what asks for it: sessions by name, users by index. */
function startManagement(proxy: ProxyUnderTest): void {
  const timer = setInterval(() => {
    const doomed = proxy.rows().filter(({ name, state }) => name.startsWith('kill-') && state === State.open)
    void proxy.engine.order(
      'kill',
      doomed.map(({ serial }) => serial),
    )
    const change = { user: cutUser, revision: 0, cut: true, passwordRequired: true }
    if (proxy.userSessions(cutUser) > 0) void proxy.engine.order('userChanged', change)
  }, 100)
  onTestFinished(() => clearInterval(timer))
}

describe.each(engines)('$kind engine: after every kind of ending', ({ kind, start }) => {
  const total = totals[kind] ?? 0
  const allowance = heapAllowance + (keptBuffers[kind] ?? 0)

  it('nothing is left, and every byte is accounted for', async () => {
    const readHeaps = heaps()
    const proxy = await startProxy(start, { passwordRequired: true, maxSessions: 1_000, timeouts, services })
    // Limits that are met now and then, and refuse nobody; an order is carried out when all threads are there.
    for (const user of Object.values(users)) {
      proxy.lines.setQuota(user, 1 << 30)
      await proxy.limit(user, { rateUp: 20_000_000, rateDown: 20_000_000, maxConnections: 1_000, maxSources: 1_000 })
    }
    await proxy.limit(eachSource, { rateDown: 100_000_000, maxConnections: 1_000, connectRate: 1_000_000 })
    const pipesAtStart = descriptors().pipes
    startManagement(proxy)
    const counted = () => ({ up: proxy.total(Total.up), down: proxy.total(Total.down) })
    const crowd = async (share: number, exactOnly = false) => {
      const count = Math.round(total * share)
      const expected = proxy.total(Total.accepted) + count
      const report = await letIn({ port: proxy.port, count, atOnce, exactOnly })
      expect(report.failures).toEqual([])
      // The last ones may have gone before they were accepted.
      await eventually(() => expect(proxy.total(Total.accepted)).toBe(expected))
      await proxy.empty()
      return report
    }

    // What is loaded and compiled once is no leak.
    await crowd(0.3)
    const before = { ...descriptors(), heaps: await readHeaps() }

    const [known, knownUser] = [counted(), proxy.userBytes(exactUser)]
    const exact = await crowd(0.2, true)
    expect([exact.up.received, exact.down.received]).toEqual([exact.up.sent, exact.down.sent])
    const both = (from: { up: number; down: number }) => ({
      up: from.up + exact.up.sent,
      down: from.down + exact.down.sent,
    })
    expect([counted(), proxy.userBytes(exactUser)]).toEqual([both(known), both(knownUser)])

    const knownExact = counted()
    const rest = await crowd(0.5)
    for (const way of ['up', 'down'] as const) {
      const moved = counted()[way] - knownExact[way]
      expect(moved).toBeLessThanOrEqual(rest[way].sent)
      expect(moved).toBeGreaterThanOrEqual(rest[way].received)
    }

    proxy.expectBalance()
    await eventually(() => expect(descriptors()).toMatchObject({ sockets: before.sockets, others: before.others }))
    expect(descriptors().pipes - pipesAtStart).toBeLessThanOrEqual(idlePipes)
    // Names that are looked up for five seconds keep what asked for them until then.
    await vi.waitFor(
      async () => {
        const after = await readHeaps()
        for (const [i, heap] of after.entries()) expect(heap - (before.heaps[i] ?? 0)).toBeLessThan(allowance)
      },
      { timeout: longestWait, interval: 1_000 },
    )
  }, 600_000)
})
