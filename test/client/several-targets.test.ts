import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { connect, localTargets } from '../../tui/client/index.ts'
import { startFakeDaemon } from '../exec/fake-daemon.ts'
import { longestWait } from '../helpers/patience.ts'
import { startTarget } from '../helpers/target.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'

async function nowhere() {
  return { kind: 'unix', path: join(await temporaryFolder(), 'none.sock') } as const
}

test('takes the first place where a daemon listens', async () => {
  const daemon = await startFakeDaemon(() => 'silence')
  const places = [await nowhere(), { kind: 'unix', path: daemon.path } as const, await nowhere()]
  const client = await connect(places, { timeoutMs: longestWait })
  onTestFinished(() => client.close())
  expect(client).toMatchObject({ instance: 'fake', role: 'admin' })
})

test('names every try when there is none', async () => {
  const [first, second] = [await nowhere(), await nowhere()]
  await expect(connect([first, second], { timeoutMs: longestWait })).rejects.toMatchObject({
    kind: 'unreachable',
    message: expect.stringMatching(new RegExp(`^no proxyd reached: .*${first.path}; .*${second.path}$`)),
  })
})

test('does not go on from a place where something listens that does not let us in', async () => {
  const [missing, { host, port }] = [await nowhere(), await startTarget()]
  const daemon = await startFakeDaemon(() => 'silence')
  const silent = { kind: 'tcp', host, port, cookieFile: '/nonexistent' } as const
  const places = [missing, silent, { kind: 'unix', path: daemon.path } as const]
  await expect(connect(places, { timeoutMs: 100 })).rejects.toMatchObject({
    kind: 'timeout',
    message: expect.stringMatching(new RegExp(`${missing.path}; .*100 ms`)),
  })
  expect(daemon.connections).toBe(0)
})

test("finds this machine's daemon: first by its Unix socket, then by TCP with the cookie", () => {
  expect(localTargets('/x')).toEqual([
    { kind: 'unix', path: '/x/proxyd.sock' },
    { kind: 'tcp', host: '127.0.0.1', port: 8080, cookieFile: '/x/cookie' },
  ])
})
