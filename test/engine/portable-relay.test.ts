import type { Socket } from 'node:net'
import { Duplex } from 'node:stream'
import { setImmediate as nextLook } from 'node:timers/promises'
import { expect, it, onTestFinished, vi } from 'vitest'
import type { SessionContext } from '../../daemon/engine/portable/context.ts'
import type { Dialled } from '../../daemon/engine/portable/dialled.ts'
import { bufferBytes } from '../../daemon/engine/portable/own-buffer.ts'
import { relay } from '../../daemon/engine/portable/relay.ts'
import type { Rows } from '../../daemon/engine/portable/rows.ts'
import { Session } from '../../daemon/engine/portable/session.ts'

/** A socket that says what the test has it say, and takes all that it is told. */
function makeSocket(): Socket {
  return new Duplex({ read() {}, write: (_chunk, _encoding, taken) => taken() }) as Socket
}

/** A session that stands, and the reading of its target: of pieces of `bufferBytes`, how many are read until others have their turn. */
function makeSession(context: { talkAt: number }) {
  const client = makeSocket()
  let hear = (_bytes: Uint8Array) => false
  const read = (to: typeof hear) => {
    hear = to
  }
  const target = { socket: makeSocket(), read } as unknown as Dialled
  const parts = {
    ...{ client, row: { deliveredUp() {}, deliveredDown() {} }, stand() {}, touch() {}, halfClosed() {}, broken() {} },
    context: Object.assign(context, {
      paused: new Set(),
      pacer: { grant: (_flow: unknown, length: number) => length, forget() {} },
    }),
  }
  relay(parts as unknown as Session, target)
  const turn = async () => {
    const piece = Buffer.alloc(bufferBytes)
    let read = 1
    while (hear(piece)) read++
    await nextLook()
    return read
  }
  const say = async (what: string) => {
    client.push(what)
    await nextLook()
  }
  return { turn, say }
}

it('gives bulk short turns while somebody talks, and long ones else', async () => {
  vi.useFakeTimers({ toFake: ['performance'], now: 0 })
  onTestFinished(() => void vi.useRealTimers())
  const context = { talkAt: Number.NEGATIVE_INFINITY }
  const [download, talker] = [makeSession(context), makeSession(context)]
  expect(await download.turn()).toBe(4)

  await talker.say('What is asked once is the beginning of a download, too.')
  expect(await download.turn()).toBe(4)
  await talker.say('What is asked again is talk.')
  expect(await download.turn()).toBe(1)
  vi.advanceTimersByTime(49)
  expect(await download.turn()).toBe(1)
  vi.advanceTimersByTime(1)
  expect(await download.turn()).toBe(4)
})

it('has nothing of a session kept by its sockets when it is over', async () => {
  const row = { slot: 0, end() {} } as unknown as ReturnType<Rows['begin']>
  const context = { paused: new Set(), longHeads: { release() {} } } as unknown as SessionContext
  const [client, target] = [makeSocket(), makeSocket()]
  const session = new Session(client, row, context)
  session.own(target, () => {})
  target.on('error', session.broken)
  target.destroy()
  client.destroy()
  await session.ended
  expect([...client.eventNames(), ...target.eventNames()]).toEqual([])
})
