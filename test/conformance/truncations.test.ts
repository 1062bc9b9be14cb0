import { describe, expect, it } from 'vitest'
import { Reason } from '../../daemon/engine/session-table.ts'
import { Command } from '../../daemon/socks/messages.ts'
import { bytes } from '../helpers/bytes.ts'
import { alice, engines, startProxy } from '../helpers/engine.ts'
import type { Peer } from '../helpers/peer.ts'
import { greetingForLogin, login, request } from '../helpers/socks-client.ts'

const opening = bytes(greetingForLogin, login(alice.name, alice.password))

/** Each beginning of a message that is not all of it. */
function beginnings(message: Uint8Array): Uint8Array[] {
  return Array.from(message, (_, length) => message.subarray(0, length))
}

const requests = Object.values(Command).flatMap((command) =>
  ['127.0.0.1', '::1', 'one.test'].map((host) => bytes(5, command, request(host, 9).subarray(2))),
)

/** What is said before the silence, and the replies due for what is whole of it. */
const cases = [
  ...beginnings(opening).map((said) => ({ said, due: said.length < greetingForLogin.length ? '' : '0502' })),
  ...requests.flatMap(beginnings).map((part) => ({ said: bytes(opening, part), due: '05020100' })),
]

/** The replies that are due, and how many bytes came in all until the end. */
async function hear(client: Peer, due: string): Promise<string> {
  const replies = due === '' ? '' : await client.readHex(due.length / 2)
  await client.discard()
  return `${replies} ${client.socket.bytesRead}`
}

describe.each(engines)('$kind engine: a client that falls silent in mid-message', ({ start }) => {
  it('gets the replies that are due, and its end at the deadline', async () => {
    const proxy = await startProxy(start, { passwordRequired: true, timeouts: { negotiation: 2_000 } })
    const heard: Promise<string>[] = []
    for (const { said, due } of cases) {
      const client = await proxy.client()
      client.write(said)
      heard.push(hear(client, due))
    }
    expect(await Promise.all(heard)).toEqual(cases.map(({ due }) => `${due} ${due.length / 2}`))
    await proxy.empty()
    expect(proxy.ended(Reason.silent)).toBe(cases.length)
  })
})
