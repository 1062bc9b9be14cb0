import { setTimeout } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { startDaemon } from '../helpers/daemon.ts'
import { startEcho } from '../helpers/echo.ts'
import { engineKinds } from '../helpers/most-telling.ts'
import { connectPeer } from '../helpers/peer.ts'
import { expectReply, greeting, request, succeeded } from '../helpers/socks-client.ts'

/** Longer than a client may be silent here. */
const stop = 2_500

async function expectServedBehindStop(engine: string, echoPort: number): Promise<void> {
  const daemon = await startDaemon(['--engine', engine, '--timeout-idle', '2s'])
  const client = await connectPeer('127.0.0.1', daemon.port('socks'))
  client.write(greeting)
  await client.read(2)
  client.write(request('127.0.0.1', echoPort))
  await expectReply(client, succeeded)
  await daemon.freeze()
  client.write('said meanwhile')
  await setTimeout(stop)
  daemon.signal('SIGCONT')
  expect(String(await client.read(14))).toBe('said meanwhile')
}

it('a process that stood still for longer than clients may be silent hears first what they said meanwhile', async () => {
  const echoPort = await startEcho()
  await Promise.all(engineKinds.map((engine) => expectServedBehindStop(engine, echoPort)))
})
