import { readdirSync } from 'node:fs'
import { connect } from 'node:net'
import { expect, it, onTestFinished } from 'vitest'
import { connectThrough } from '../../helpers/connect-through.ts'
import { type Daemon, startDaemon } from '../../helpers/daemon.ts'
import { eventually } from '../../helpers/eventually.ts'
import { startTarget } from '../../helpers/target.ts'
import { greeted, type RawClient, started } from '../raw-client.ts'

/** The Unix socket's clients are admins. */
async function admin({ folders }: Daemon): Promise<RawClient> {
  const client = await greeted({ path: `${folders.runtime}/proxyd.sock` })
  await started(client)
  return client
}

/** Follows everything, asks for much and reads nothing, so that it is never done. */
async function deafSubscriber(daemon: Daemon): Promise<void> {
  const requests = [
    ['session.start', { protocol: [1, 0], client: 'deaf' }],
    ...['metrics', 'connections', 'log'].map((topic) => [`${topic}.subscribe`, {}]),
    ...Array(1000).fill(['rpc.describe', {}]),
  ]
  const lines = requests.map(([method, params], id) => JSON.stringify({ jsonrpc: '2.0', id, method, params }))
  const socket = connect({ path: `${daemon.folders.runtime}/proxyd.sock` })
  onTestFinished(() => void socket.destroy())
  socket.on('error', () => {}).pause()
  await new Promise((resolve) => socket.write(`${lines.join('\n')}\n`, resolve))
}

it.each(['daemon.drain', 'daemon.shutdown'])('%s waits for no subscriber that does not read', async (by) => {
  const daemon = await startDaemon()
  for (let i = 0; i < 5; i++) await deafSubscriber(daemon)
  const client = await admin(daemon)
  expect((await client.call(by)).result).toEqual({})
  expect((await client.rest()).at(-1)).toMatchObject({ method: 'goodbye' })
  expect(await daemon.ended).toMatchObject({ status: 0, signal: null })
  expect(readdirSync(daemon.folders.runtime)).not.toContain('cookie')
})

it('serves management while it drains, refuses a second drain, and still shuts down', async () => {
  const daemon = await startDaemon(['--timeout-drain', '60000'])
  const target = await startTarget()
  await connectThrough(daemon.port('socks'), target)
  const client = await admin(daemon)
  expect((await client.call('daemon.drain')).result).toEqual({})
  await eventually(async () => expect((await client.call('status.get')).result.draining).toBe(true))
  expect((await client.call('daemon.drain')).error).toMatchObject({ code: -32030, data: { kind: 'draining' } })
  const late = await admin(daemon)
  expect((await late.call('daemon.shutdown')).result).toEqual({})
  expect(await daemon.ended).toMatchObject({ status: 0, signal: null })
})
