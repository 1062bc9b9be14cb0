import { onTestFinished } from 'vitest'
import { Extras } from '../../daemon/engine/linux/extras.ts'
import { HeldBytes } from '../../daemon/engine/linux/held-bytes.ts'
import { Names } from '../../daemon/engine/linux/names.ts'
import { OpenDescriptors } from '../../daemon/engine/linux/open-descriptors.ts'
import { Pacer } from '../../daemon/engine/linux/pacer.ts'
import { Refusals } from '../../daemon/engine/linux/refusals.ts'
import { Replies } from '../../daemon/engine/linux/replies.ts'
import { Sessions } from '../../daemon/engine/linux/sessions.ts'
import { sharedCountMemory, sharedCountsIn } from '../../daemon/engine/linux/shared-counts.ts'
import { TimerWheel } from '../../daemon/engine/linux/timer-wheel.ts'
import { SessionTable } from '../../daemon/engine/session-table.ts'
import { Budget } from '../../daemon/engine/shared/budget.ts'
import { EgressAddresses } from '../../daemon/engine/shared/egress-addresses.ts'
import { LimitLines, limitLineMemory } from '../../daemon/engine/shared/limit-lines.ts'
import { LongHeads } from '../../daemon/engine/shared/long-heads.ts'
import { ownPolicy } from '../../daemon/engine/shared/own-policy.ts'
import { Places } from '../../daemon/engine/shared/places.ts'
import { Quotas } from '../../daemon/engine/shared/quotas.ts'
import { SourceLines } from '../../daemon/engine/shared/source-lines.ts'
import { Verdicts } from '../../daemon/engine/shared/verdicts.ts'
import { Epoll } from '../../daemon/os/epoll.ts'
import { PipePool } from '../../daemon/os/pipe-pool.ts'
import { openPolicy, patience } from './engine.ts'
import { ruleMemory } from './rules.ts'

/** What the stages of a loop stand on, for a test of a stage by itself, whose clock is the test's. */
export function makeLoop(room: { slots: number; extras: number; pipes: number }) {
  const clock = { now: 0 }
  const [epoll, wheel, pipes] = [new Epoll(8), new TimerWheel(room.slots, 0), new PipePool(room.pipes, 1)]
  const { liveSessions, extras: count, binds } = sharedCountsIn(sharedCountMemory())
  const openDescriptors = new OpenDescriptors(OpenDescriptors.memory(1_024))
  const fd = new Int32Array(2 * room.slots)
  const limitLines = new LimitLines(limitLineMemory())
  const sourceLines = new SourceLines(SourceLines.memory())
  const places = new Places(
    room.slots,
    { live: liveSessions, most: room.slots, binds, mostBinds: 4_096, loops: 1 },
    limitLines,
    sourceLines,
  )
  const quotas = new Quotas(limitLines)
  const own = {
    fd,
    clock,
    wheel,
    extras: new Extras(epoll, { count, most: room.extras, loops: 1 }, openDescriptors),
    places,
    quotas,
  }
  const table = new SessionTable(room.slots)
  table.nextSerial[0] = 1
  const sessions = new Sessions(table, own, liveSessions, 1)
  const replies = new Replies(sessions)
  const post = () => {}
  const context = {
    ...{ sessions, epoll, openDescriptors, clock, replies, post, timeouts: patience, policy: ownPolicy(openPolicy) },
    names: new Names(sessions, clock, post),
    refusals: new Refusals(sessions, replies),
    liveness: { keepalive: 0, userTimeout: 0 },
    limitLines,
    egress: new EgressAddresses(() => {}),
    longHeads: new LongHeads(),
    bounds: new Map(),
    editors: new Map(),
    verdicts: new Verdicts({
      table: sessions.table,
      groupOf: () => 0,
      loop: 0,
      own: [],
      isOurs: () => false,
      memory: ruleMemory(''),
      egress: openPolicy.egress,
      forbid: () => {},
    }),
  }
  onTestFinished(() => {
    pipes.close()
    epoll.close()
  })
  const held = new HeldBytes(pipes, sessions.table)
  const pacer = new Pacer(sessions, clock, new Budget(limitLines, sourceLines))
  return { context, clock, sessions, pipes, held, pacer, quotas, extras: count }
}
