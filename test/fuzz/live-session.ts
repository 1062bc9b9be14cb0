import { setImmediate } from 'node:timers/promises'
import { expect } from 'vitest'
import { Command } from '../../daemon/socks/messages.ts'
import { startEcho } from '../helpers/echo.ts'
import { type engines, startProxy } from '../helpers/engine.ts'
import type { Peer } from '../helpers/peer.ts'
import { negotiate } from '../socks/negotiate.ts'
import { fuzz } from './campaign.ts'
import { conversations, withPort } from './conversations.ts'
import { inputs, pieces } from './input.ts'

const loopbacks = ['7f000001', `${'0'.repeat(31)}1`]

/** Whether a step of `negotiate` leads to the server, or nowhere: nobody else's may be reached. */
function isHarmless(step: string, server: number): boolean {
  const [place = '', port] = step.replace(/^name \S+ /, 'name ').split(' ')
  if (port === undefined || step.startsWith('associate ') || step.startsWith('bind ')) return true
  return port === `${server}` && (place === 'name' || loopbacks.includes(place))
}

/** Reads the reply to a request, and gives its REP. */
async function readReply(client: Peer): Promise<number> {
  const [version, reply = 0xff, reserved, type] = await client.read(4)
  expect([version, reserved]).toEqual([5, 0])
  expect(reply).toBeLessThanOrEqual(8)
  expect([1, 4]).toContain(type)
  await client.read((type === 1 ? 4 : 16) + 2)
  return reply
}

/** A live engine must reply as the parser does, connect as was asked, and end every session. */
export function fuzzSessions(start: (typeof engines)[number]['start']): void {
  fuzz({
    name: 'session',
    inputs: inputs(conversations),
    runs: 400,
    async start() {
      const port = await startEcho()
      const services = { resolve: async () => ['127.0.0.1'] }
      const protocols = ['socks5'] as const
      const [open, locked] = [
        await startProxy(start, { services, protocols }),
        await startProxy(start, { services, protocols, passwordRequired: true }),
      ]
      return async (input) => {
        const said = withPort(input.said, port)
        const { replies, step, rest } = negotiate([said], input.passwordRequired, Object.values(Command))
        if (!isHarmless(step, port)) return
        const client = await (input.passwordRequired ? locked : open).client()
        for (const piece of pieces({ ...input, said })) {
          client.write(piece)
          await setImmediate()
        }
        if (replies !== '') expect(await client.readHex(replies.length / 2)).toBe(replies)
        const reply = step.includes(' ') ? await readReply(client) : undefined
        // Who waits for somebody, and has something to say to them, is not gone for having finished.
        if (/^(bind|associate) /.test(step)) client.reset()
        else client.finish()
        if (reply === 0 && /^(name|[\da-f]+) /.test(step))
          expect((await client.readToEnd()).toString('hex'), 'what the server gave back').toBe(rest)
        else await client.discard()
        await client.ending
      }
    },
  })
}
