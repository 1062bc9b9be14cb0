import { describe, expect, it, onTestFinished } from 'vitest'
import { Relay } from '../../daemon/engine/linux/relay.ts'
import { clientOf, Flag, targetOf } from '../../daemon/engine/linux/sessions.ts'
import { Reason, State } from '../../daemon/engine/session-table.ts'
import { PacedBy } from '../../daemon/engine/shared/budget.ts'
import { everybody, type LineLimits } from '../../daemon/engine/shared/limit-lines.ts'
import { EPOLLIN, EPOLLRDHUP } from '../../daemon/os/epoll.ts'
import { recv, send } from '../../daemon/os/libc.ts'
import { finish, MSG_NOSIGNAL } from '../../daemon/os/socket.ts'
import { connection } from '../helpers/connection.ts'
import { patience } from '../helpers/engine.ts'
import { makeLoop } from '../helpers/loop.ts'

const chunk = new Uint8Array(256 * 1024)
const nothing = new Uint8Array(0)
const unlimited = { group: 0, rateUp: undefined, rateDown: undefined, maxConnections: undefined, maxSources: undefined }
/** Milliseconds of the test's clock. */
const start = 10_000

/** The relay of one loop, on a clock that the test turns. */
function makeRelay() {
  const { context, clock, sessions, pipes, held, pacer } = makeLoop({ slots: 40, extras: 0, pipes: 4 })
  clock.now = start
  const relay = new Relay(context, pipes, held, pacer)
  const { table } = sessions
  sessions.onEnd = (slot) => relay.forget(slot)
  const { limitLines } = context
  onTestFinished(() => {
    for (const slot of [...sessions.slots()]) sessions.close(slot, Reason.ended)
  })
  const limit = (line: number, limits: Partial<LineLimits>) => limitLines.set(line, { ...unlimited, ...limits })

  const has = (half: number, flag: number) => ((sessions.flags[half] ?? 0) & flag) !== 0

  /** A session of a user's, whose origin has at most so much to say at a time. */
  const open = (user: number, most = Number.POSITIVE_INFINITY) => {
    const [client, near, address] = connection()
    const slot = sessions.begin(near, address)
    const [origin, target] = connection()
    sessions.fd[targetOf(slot)] = target
    table.login(slot, user)
    relay.begin(slot, nothing)
    return {
      slot,
      client,
      origin,
      /** What the origin has to say, as much as there is room for. */
      pour() {
        for (let [left, sent] = [most, 0]; left > 0 && sent >= 0; left -= sent)
          sent = send(origin, chunk, Math.min(left, chunk.length), MSG_NOSIGNAL)
        this.hasCome()
      },
      /** Tells what epoll would, and once more: the kernel may bring later what was sent. */
      hasCome() {
        relay.onEvent(targetOf(slot), EPOLLIN)
      },
      say(bytes: number) {
        send(origin, chunk, bytes, MSG_NOSIGNAL)
        relay.onEvent(targetOf(slot), EPOLLIN)
      },
      /** What has come to the client. */
      take() {
        let taken = 0
        for (let count = recv(client, chunk, chunk.length, 0); count > 0; count = recv(client, chunk, chunk.length, 0))
          taken += count
        return taken
      },
      get isParked() {
        return has(targetOf(slot), Flag.parked)
      },
    }
  }
  type Flow = ReturnType<typeof open>

  const settle = () => {
    pacer.advance()
    while (relay.busy) relay.takeTurn()
  }
  /** Runs for so many milliseconds, in which all of these have more to say than they may; what each has moved. */
  const run = (milliseconds: number, flows: readonly Flow[]) => {
    const moved = flows.map(() => 0)
    for (const end = clock.now + milliseconds; clock.now < end; clock.now++) {
      settle()
      for (const [i, flow] of flows.entries()) {
        const taken = flow.take()
        moved[i] = (moved[i] ?? 0) + taken
        if (taken > 0) flow.pour()
        else flow.hasCome()
      }
    }
    return moved
  }
  return { clock, sessions, table, relay, pacer, has, limit, open, settle, run }
}

const sum = (numbers: readonly number[]) => numbers.reduce((all, one) => all + one, 0)
const jain = (moved: readonly number[]) => sum(moved) ** 2 / (moved.length * sum(moved.map((one) => one * one)))

describe.skipIf(process.platform !== 'linux')('a paced flow', () => {
  it.each([64_000, 1_000_000, 10_000_000])('moves %d bytes a second, and a little more at first', (rate) => {
    const { limit, open, run } = makeRelay()
    limit(1, { rateDown: rate })
    const flow = open(1)
    flow.pour()
    const [first = 0] = run(1_000, [flow])
    expect(first - rate).toBeLessThanOrEqual(Math.max(65_536, rate / 10))
    for (let second = 0; second < 3; second++) {
      const [moved = 0] = run(1_000, [flow])
      expect(Math.abs(moved / rate - 1)).toBeLessThan(0.1)
    }
  })

  it.each([2, 20])('shares with others of its user, %i in all', (count) => {
    const { limit, open, run } = makeRelay()
    limit(1, { rateDown: 1_000_000 })
    const flows = Array.from({ length: count }, () => open(1))
    for (const flow of flows) flow.pour()
    run(1_000, flows)
    const moved = run(3_000, flows)
    expect(Math.abs(sum(moved) / 3_000_000 - 1)).toBeLessThan(0.1)
    expect(jain(moved)).toBeGreaterThan(0.95)
  })

  it('shares by what each has read, though some have only a little at a time', () => {
    const { limit, open, run } = makeRelay()
    limit(1, { rateDown: 20_000_000 })
    const flows = Array.from({ length: 8 }, (_, i) => open(1, i % 2 === 0 ? Number.POSITIVE_INFINITY : 20_000))
    for (const flow of flows) flow.pour()
    run(500, flows)
    const moved = run(1_000, flows)
    expect(jain(moved)).toBeGreaterThan(0.98)
  })

  it('leaves alone who is another user, and the other direction', () => {
    const { limit, open, relay, has } = makeRelay()
    limit(1, { rateDown: 64_000 })
    const [paced, free] = [open(1), open(2)]
    paced.pour()
    expect(paced.isParked).toBe(true)
    free.say(200_000)
    while (relay.busy) relay.takeTurn()
    expect(free.take()).toBe(200_000)
    expect(has(clientOf(paced.slot), Flag.paced)).toBe(false)
  })

  it('of two limits obeys the narrower, and says which', () => {
    const { limit, open, run, table } = makeRelay()
    limit(1, { rateDown: 1_000_000 })
    limit(everybody, { rateDown: 300_000 })
    const flows = [open(1), open(2)]
    for (const flow of flows) flow.pour()
    run(1_000, flows)
    const moved = run(2_000, flows)
    expect(Math.abs(sum(moved) / 600_000 - 1)).toBeLessThan(0.1)
    expect(jain(moved)).toBeGreaterThan(0.95)
    expect(flows.map(({ slot }) => table.paced[slot])).toEqual([PacedBy.everybody, PacedBy.everybody])
  })

  it('gets no turn while it waits, whatever comes for it, and the wheel is not looked at for nobody', () => {
    const { limit, open, relay, pacer, clock } = makeRelay()
    limit(1, { rateDown: 10_000 })
    const flow = open(1)
    expect(pacer.untilNext(clock.now)).toBe(Number.POSITIVE_INFINITY)
    for (flow.pour(); relay.busy; ) relay.takeTurn()
    expect(flow.isParked).toBe(true)
    flow.pour()
    expect(relay.busy).toBe(false)
    // As long as it takes to gather one read.
    expect(pacer.untilNext(clock.now)).toBeGreaterThan(100)
    let looks = 0
    for (const end = clock.now + 10_000; clock.now < end; looks++) {
      clock.now += pacer.untilNext(clock.now)
      pacer.advance()
      while (relay.busy) relay.takeTurn()
      flow.take()
    }
    // 100,000 bytes by 2,896.
    expect(looks).toBeLessThan(2 * 36)
  })

  it('waits for nobody: a thousand that wait for the same are one on the wheel', () => {
    const { limit, open, pacer, clock, settle } = makeRelay()
    limit(1, { rateDown: 10_000 })
    const flows = Array.from({ length: 30 }, () => open(1))
    for (const flow of flows) flow.pour()
    settle()
    expect(flows.every(({ isParked }) => isParked)).toBe(true)
    let looks = 0
    for (const end = clock.now + 5_000; clock.now < end; looks++) {
      clock.now += pacer.untilNext(clock.now)
      settle()
    }
    expect(looks).toBeLessThan(2 * 20)
  })

  it('lets who has little to say go first', () => {
    const { limit, open, run, settle, clock } = makeRelay()
    limit(1, { rateDown: 100_000 })
    const bulk = Array.from({ length: 10 }, () => open(1))
    for (const flow of bulk) flow.pour()
    run(2_000, bulk)
    const ping = open(1)
    const waits: number[] = []
    for (let i = 0; i < 20; i++) {
      const said = clock.now
      ping.say(10)
      while (ping.take() === 0) run(1, bulk)
      waits.push(clock.now - said)
      run(100, bulk)
    }
    settle()
    expect(Math.max(...waits)).toBeLessThan(100)
  })

  it('has its share beside a crowd of others that say little at a time', () => {
    const { limit, open, run } = makeRelay()
    limit(everybody, { rateDown: 1_000_000 })
    const bulk = open(2)
    bulk.pour()
    run(1_000, [bulk])
    const crowd = Array.from({ length: 30 }, () => open(1))
    for (const flow of crowd) flow.say(2_500)
    let moved = 0
    for (let i = 0; i < 2_000; i++) {
      moved += sum(run(1, [bulk]))
      for (const flow of crowd) if (flow.take() > 0) flow.say(2_500)
    }
    expect(moved).toBeGreaterThan(0.4 * 2_000_000)
  })

  it('has its share beside another user with many', () => {
    const { limit, open, run } = makeRelay()
    limit(everybody, { rateDown: 1_000_000 })
    const flows = [open(2), ...Array.from({ length: 30 }, () => open(1))]
    for (const flow of flows) flow.pour()
    run(1_000, flows)
    const [own = 0, ...others] = run(3_000, flows)
    expect(own).toBeGreaterThan(0.35 * 3_000_000)
    expect(jain(others)).toBeGreaterThan(0.95)
  })

  it('goes on at once by a new limit, or without any', () => {
    const { limit, open, run, pacer, settle, table } = makeRelay()
    limit(1, { rateDown: 1_000 })
    const flow = open(1)
    flow.pour()
    run(1_000, [flow])
    expect([flow.isParked, table.paced[flow.slot]]).toEqual([true, PacedBy.user])
    limit(1, { rateDown: 1_000_000 })
    pacer.watch(flow.slot)
    settle()
    expect(flow.take()).toBeGreaterThan(40_000)
    flow.pour()
    limit(1, {})
    pacer.watch(flow.slot)
    settle()
    flow.take()
    expect([flow.isParked, table.paced[flow.slot]]).toEqual([false, PacedBy.nobody])
    // And begins to be paced in the middle.
    limit(1, { rateDown: 1_000 })
    pacer.watch(flow.slot)
    flow.pour()
    run(1_000, [flow])
    expect(flow.isParked).toBe(true)
  })

  it('is not idle while it waits, and ends when all it has to say is said', () => {
    const { limit, open, relay, sessions, has, settle, clock, table } = makeRelay()
    limit(1, { rateDown: 1_000 })
    const flow = open(1)
    flow.say(66_000)
    settle()
    const soon = flow.take()
    finish(flow.origin)
    relay.onEvent(targetOf(flow.slot), EPOLLIN | EPOLLRDHUP)
    expect(flow.isParked).toBe(true)
    clock.now += patience.idle
    relay.onDeadline(flow.slot)
    expect(table.state[flow.slot]).toBe(State.open)
    settle()
    expect(flow.take()).toBe(66_000 - soon)
    expect(has(targetOf(flow.slot), Flag.ended)).toBe(true)
    expect(table.pacedFor[flow.slot]).toBe(patience.idle)
    clock.now += patience.halfClosed
    relay.onDeadline(flow.slot)
    expect(sessions.live).toBe(0)
  })

  it('leaves nothing behind that others of its user would wait for', () => {
    const { limit, open, settle, sessions, run, pacer } = makeRelay()
    limit(1, { rateDown: 1_000_000 })
    for (let i = 0; i < 30; i++) {
      const flows = [open(1), open(1), open(1)]
      for (const flow of flows) flow.pour()
      settle()
      pacer.advance()
      for (const { slot } of flows) sessions.close(slot, Reason.cut)
    }
    const last = open(1)
    last.pour()
    run(1_000, [last])
    const [moved = 0] = run(2_000, [last])
    expect(Math.abs(moved / 2_000_000 - 1)).toBeLessThan(0.1)
  })
})
