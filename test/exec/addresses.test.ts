import { existsSync } from 'node:fs'
import { expect, test } from 'vitest'
import { type Daemon, sharedDaemon, startDaemon } from '../helpers/daemon.ts'
import { run } from '../helpers/programs.ts'
import { program, proxyTui } from '../helpers/proxy-tui.ts'
import { openTerminal } from '../helpers/terminal.ts'

/** Has a program know the name `both.test`, with an A and an AAAA record, and hear late of what it asked for there. */
const withName = `
import dns from 'node:dns'
const stand = () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 400)
const { lookup } = dns
const addresses = [{ address: '::1', family: 6 }, { address: '127.0.0.1', family: 4 }]
dns.lookup = (name, options, done) => {
  if (name !== 'both.test') return lookup(name, options, done)
  done(null, addresses)
  setImmediate(stand)
}
`
const env = { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(withName)}` }

/** How a daemon's management is reached by this host, in words. */
async function via(daemon: Daemon, host: string): Promise<string> {
  const where = ['--runtime-dir', daemon.folders.runtime, '--host', host, '--port', `${daemon.port('control')}`]
  const { stdout, stderr } = await run(process.execPath, [program, ...where, '--exec', 'whoami'], {
    env: { ...process.env, ...env },
  })
  return stdout + stderr
}

const daemons = sharedDaemon()

const reached = 'local, admin, via tcp\n'

test('an address of either family is reached as people write it (25)', async () => {
  const daemon = await daemons()
  const port = daemon.port('control')
  for (const host of ['::1', '[::1]', `[::1]:${port}`, '127.0.0.1', `127.0.0.1:${port}`, '::ffff:127.0.0.1']) {
    expect([host, await via(daemon, host)]).toEqual([host, reached])
  }
})

test.skipIf(!existsSync('/sys/class/net/lo'))(
  'an address with its zone is reached, bare and in brackets (25)',
  async () => {
    const daemon = await daemons()
    for (const host of ['::1%lo', `[::1%lo]:${daemon.port('control')}`]) {
      expect([host, await via(daemon, host)]).toEqual([host, reached])
    }
  },
)

test.each(['127.0.0.1', '::1'])('of a name with A and AAAA, %s alone may answer (25)', async (address) => {
  expect(await via(await startDaemon(['-L', address]), 'both.test')).toBe(reached)
})

test('the terminal app takes the same addresses (25)', async () => {
  const daemon = await daemons()
  const port = daemon.port('control')
  const hosts = [`[::1]:${port}`, `both.test:${port}`].flatMap((host) => ['--host', host])
  const args = ['--runtime-dir', daemon.folders.runtime, ...hosts]
  await using app = openTerminal(process.execPath, [program, ...args], { columns: 120, env })
  await app.shows(new RegExp(`^ proxyd \\d.* 1/2 \\[::1\\]:${port}$`, 'm'))
  app.type(']')
  await app.shows(new RegExp(`^ proxyd \\d.* 2/2 both.test:${port}$`, 'm'))
})

test.each([
  ['--socket', `/tmp/${'x'.repeat(120)}`],
  ['--runtime-dir', `/tmp/${'x'.repeat(120)}`],
  ['--host', 'x'.repeat(300)],
])('a place that cannot be, by %s, is a mistake in the call', async (...where) => {
  expect(await proxyTui(...where, '--exec', 'whoami')).toEqual({
    status: 2,
    stdout: '',
    stderr: expect.stringMatching(/^proxy-tui: [^\n]* is too long\n$/),
  })
})
