import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { startDaemon } from '../helpers/daemon.ts'
import { connectPeer } from '../helpers/peer.ts'

/** What Node says when its debugger listens, or tries to. */
const debuggerLine = /debugger|inspector/i

test('SIGUSR1 does not open a debugger', async () => {
  const daemon = await startDaemon()
  daemon.signal('SIGUSR1')
  daemon.signal('SIGHUP')
  await daemon.logs(/SIGHUP/)
  const { status, stderr } = await daemon.stop()
  expect(status).toBe(0)
  expect(stderr).not.toMatch(debuggerLine)
})

test.each(['proxyd', 'proxy-tui'])('nor does one that comes before the first line of %s', async (name) => {
  const program = fileURLToPath(new URL(`../../dist/${name}.js`, import.meta.url))
  // As a shell would run the file; ignored until Node has a handler of its own, or the first signal would be the end.
  const child = spawn('sh', ['-c', 'trap "" USR1; echo begins; exec sh "$@"', 'sh', program, '--help'])
  onTestFinished(() => void child.kill('SIGKILL'))
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (text) => (stderr += text))
  await once(child.stdout, 'data')
  const signals = setInterval(() => child.kill('SIGUSR1'), 1)
  child.stdout.once('data', () => clearInterval(signals))
  const [status] = await once(child, 'close').finally(() => clearInterval(signals))
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
})

test('a debugger that the environment asks for is shut before anybody is served', async () => {
  const daemon = await startDaemon([], { env: { NODE_OPTIONS: '--inspect=127.0.0.1:0' } })
  const [, port] = /listening on ws:\/\/127\.0\.0\.1:(\d+)/.exec(daemon.stderr) ?? []
  await expect(connectPeer('127.0.0.1', Number(port))).rejects.toMatchObject({ code: 'ECONNREFUSED' })
})
