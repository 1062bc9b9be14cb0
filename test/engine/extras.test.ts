import { array, assert, constant, integer, oneof, property, record } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Extras, firstExtraKey } from '../../daemon/engine/linux/extras.ts'
import { sharedCountMemory, sharedCountsIn } from '../../daemon/engine/linux/shared-counts.ts'
import { EPOLLOUT, Epoll } from '../../daemon/os/epoll.ts'
import { openEvent } from '../../daemon/os/event.ts'
import { close, errno } from '../../daemon/os/libc.ts'

const slots = 3
const most = 6
/** Without a reservation. */
const mostSpare = 5

const slot = integer({ min: 0, max: slots - 1 })
const which = integer({ min: 0, max: most })
const steps = array(
  oneof(
    { weight: 4, arbitrary: record({ kind: constant('add'), slot }) },
    record({ kind: constant('reserve'), slot, which }),
    record({ kind: constant('close'), slot, which }),
    record({ kind: constant('release'), slot, which }),
    record({ kind: constant('closeAll'), slot }),
  ),
  { maxLength: 60 },
)

/** A session as it is to be: its extras, the oldest first, and how many more it has room for. */
interface Session {
  fds: number[]
  reserved: number
}

/** The extras that events come of, by their descriptors. */
function watched(epoll: Epoll, extras: Extras): { fd: number; slot: number }[] {
  const count = epoll.wait(0)
  return [...Array(count).keys()].flatMap((i) => {
    const extra = extras.find(epoll.key(i), epoll.generation(i))
    return extra ? [{ fd: extra.fd, slot: extra.slot }] : []
  })
}

const byDescriptor = (one: { fd: number }, other: { fd: number }) => one.fd - other.fd

describe.skipIf(process.platform !== 'linux')('the extras of sessions', () => {
  it('are counted, with those that room is kept for, and watched until they are closed or released', () => {
    assert(
      property(steps, (all) => {
        const epoll = new Epoll(2 * most)
        const room = { count: sharedCountsIn(sharedCountMemory()).extras, most, loops: 1 }
        const extras = new Extras(epoll, room, new Set())
        const sessions: Session[] = Array.from({ length: slots }, () => ({ fds: [], reserved: 0 }))
        const taken = () => sessions.reduce((sum, { fds, reserved }) => sum + fds.length + reserved, 0)
        for (const step of all) {
          const session = sessions[step.slot] as Session
          const fd = 'which' in step ? session.fds[step.which] : undefined
          if (step.kind === 'add') {
            const fits = session.reserved > 0 || taken() < mostSpare
            const added = openEvent()
            // Whoever has none yet gets one while there are some.
            expect(extras.add(step.slot, added, EPOLLOUT, `${added}`)).toBe(fits ? 0 : -errno.EMFILE)
            if (!fits) continue
            if (session.reserved > 0) session.reserved--
            session.fds.push(added)
          } else if (step.kind === 'reserve' && 'which' in step && session.reserved === 0) {
            const fits = taken() + step.which <= most
            expect(extras.reserve(step.slot, step.which)).toBe(fits)
            if (fits) session.reserved = step.which
          } else if (step.kind === 'closeAll') {
            extras.closeAll(step.slot)
            Object.assign(session, { fds: [], reserved: 0 })
          } else if (fd !== undefined) {
            if (step.kind === 'release') extras.release(fd)
            else extras.close(fd)
            if (step.kind === 'release') close(fd)
            session.fds = session.fds.filter((other) => other !== fd)
          }
          expect(room.count.value).toBe(taken())
          for (const [index, { fds }] of sessions.entries()) expect(extras.oldest(index)).toBe(fds[0])
          const expected = sessions.flatMap(({ fds }, owner) => fds.map((own) => ({ fd: own, slot: owner })))
          expect(watched(epoll, extras).sort(byDescriptor)).toEqual(expected.sort(byDescriptor))
        }
        for (let owner = 0; owner < slots; owner++) extras.closeAll(owner)
        expect(room.count.value).toBe(0)
        expect(epoll.wait(0)).toBe(0)
        epoll.close()
      }),
    )
  })

  it('do not get the events of a former owner of their descriptor', () => {
    const epoll = new Epoll(1)
    const extras = new Extras(epoll, { count: sharedCountsIn(sharedCountMemory()).extras, most, loops: 1 }, new Set())
    const fd = openEvent()
    extras.add(0, fd, EPOLLOUT, 'one')
    epoll.wait(0)
    const generation = epoll.generation(0)
    expect(extras.find(firstExtraKey + fd, generation)?.slot).toBe(0)
    extras.close(fd)
    const next = openEvent()
    expect(next).toBe(fd)
    extras.add(1, next, EPOLLOUT, 'one')
    expect(extras.find(firstExtraKey + next, generation)).toBeUndefined()
    extras.closeAll(1)
    epoll.close()
  })

  it('are shared out, but for those that room is kept for, so that nobody has all', () => {
    const epoll = new Epoll(1)
    const room = { count: sharedCountsIn(sharedCountMemory()).extras, most: 64, loops: 1 }
    const extras = new Extras(epoll, room, new Set())
    const fill = (slot: number, holder: string) => {
      for (let count = 0; ; count++) if (extras.add(slot, openEvent(), EPOLLOUT, holder) !== 0) return count
    }
    // Of 48 each has three quarters of what those before have left.
    expect([fill(0, 'one'), fill(1, 'two'), fill(2, 'one')]).toEqual([36, 9, 0])
    expect(extras.reserve(2, 2)).toBe(true)
    expect(extras.add(2, openEvent(), EPOLLOUT, 'one')).toBe(0)
    extras.closeAll(0)
    expect(fill(0, 'one')).toBeGreaterThan(24)
    for (let slot = 0; slot < slots; slot++) extras.closeAll(slot)
    expect(room.count.value).toBe(0)
    epoll.close()
  })

  it('give no room to a descriptor that cannot be watched, and pass on that there is none', () => {
    const epoll = new Epoll(1)
    const room = { count: sharedCountsIn(sharedCountMemory()).extras, most, loops: 1 }
    const extras = new Extras(epoll, room, new Set())
    expect(extras.add(0, -errno.EMFILE, EPOLLOUT, 'one')).toBe(-errno.EMFILE)
    expect(extras.add(0, 1_000_000_000, EPOLLOUT, 'one')).toBeLessThan(0)
    expect(room.count.value).toBe(0)
    epoll.close()
  })
})
