import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { constants } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { connectThrough } from '../helpers/connect-through.ts'
import { type Daemon, type Folders, startDaemon, temporaryFolders } from '../helpers/daemon.ts'
import { eventually } from '../helpers/eventually.ts'
import { mostTelling } from '../helpers/most-telling.ts'
import { connectPeer, Peer } from '../helpers/peer.ts'
import { startTarget } from '../helpers/target.ts'

/** Whether a process of ours can be the first of a namespace (pid_namespaces(7)). */
const canBeFirst = spawnSync('unshare', ['--pid', '--fork', '--kill-child', 'true']).status === 0
if (!canBeFirst) console.warn('SKIPPED: a test that needs the right to make a process namespace')

/** One live connection through the proxy: both of its ends. */
async function converse(daemon: Daemon) {
  const target = await startTarget()
  const client = await connectThrough(daemon.port('socks'), target)
  return { client, server: await target.next() }
}

/** The files by which clients would look for a daemon; its lock, which stays, is none of them. */
function leadsToDaemon({ runtime }: Folders): string[] {
  return readdirSync(runtime).filter((name) => !name.startsWith('lock'))
}

async function expectRefusal(port: number): Promise<void> {
  const peer = await connectPeer('127.0.0.1', port).catch((error: NodeJS.ErrnoException) => error)
  if (peer instanceof Peer) peer.reset()
  expect(peer).toMatchObject({ code: 'ECONNREFUSED' })
}

test.each(mostTelling)('SIGTERM lets live connections end, and no others begin: %s', async (engine) => {
  const daemon = await startDaemon(['--engine', engine, '--timeout-drain', '60000'])
  const { client, server } = await converse(daemon)
  daemon.signal('SIGTERM')
  await daemon.logs(/SIGTERM/)
  await eventually(() => expectRefusal(daemon.port('socks')))
  client.write('still here')
  expect(await server.readText(10)).toBe('still here')
  client.finish()
  server.finish()
  expect(await daemon.ended).toMatchObject({ status: 0, signal: null })
})

test('SIGINT stops waiting for them after --timeout-drain', async () => {
  const daemon = await startDaemon(['--timeout-drain', '0'])
  const { client } = await converse(daemon)
  daemon.signal('SIGINT')
  expect(await daemon.ended).toMatchObject({
    status: 0,
    signal: null,
    stderr: expect.stringContaining('connections that are cut: 1"'),
  })
  expect(await client.discard()).toMatch(/^(closed|ECONNRESET)$/)
})

test('a signal that comes twice at once, from a terminal and a wrapper, counts once', async () => {
  const daemon = await startDaemon(['--timeout-drain', '60000'])
  const { client, server } = await converse(daemon)
  daemon.signal('SIGINT')
  daemon.signal('SIGTERM')
  await daemon.logs(/another \w+ ends them/)
  client.finish()
  server.finish()
  expect(await daemon.ended).toMatchObject({ status: 0, signal: null })
})

test('a second signal ends it at once, and leaves nothing to find', async () => {
  const folders = await temporaryFolders()
  const daemon = await startDaemon(['--timeout-drain', '60000'], { folders })
  await converse(daemon)
  expect(leadsToDaemon(folders)).toEqual(['cookie', 'proxyd.sock'])
  const impatience = setInterval(() => daemon.signal('SIGTERM'), 100)
  const ending = await daemon.ended
  clearInterval(impatience)
  expect(ending).toMatchObject({ status: null, signal: 'SIGTERM' })
  expect(leadsToDaemon(folders)).toEqual([])
})

test.runIf(canBeFirst)(
  'so does one to the first process of a container, for which signals have no default',
  async () => {
    const folders = await temporaryFolders()
    const daemon = await startDaemon(['--timeout-drain', '60000'], {
      folders,
      within: ['unshare', '--pid', '--fork', '--kill-child'],
    })
    await converse(daemon)
    const first = Number(readFileSync(`/proc/${daemon.pid}/task/${daemon.pid}/children`, 'utf8'))
    const impatience = setInterval(() => {
      try {
        process.kill(first, 'SIGTERM')
      } catch {
        clearInterval(impatience)
      }
    }, 100)
    const ending = await daemon.ended.finally(() => clearInterval(impatience))
    expect(ending).toMatchObject({ status: 128 + constants.signals.SIGTERM, signal: null })
    expect(leadsToDaemon(folders)).toEqual([])
  },
)

test('an orderly end leaves nothing to find either', async () => {
  const folders = await temporaryFolders()
  const daemon = await startDaemon([], { folders })
  expect(await daemon.stop()).toMatchObject({ status: 0 })
  expect(leadsToDaemon(folders)).toEqual([])
})

test('after a crash it starts again in the same folders', async () => {
  const folders = await temporaryFolders()
  const crashed = await startDaemon([], { folders })
  await crashed.kill()
  expect(leadsToDaemon(folders)).toEqual(['cookie', 'proxyd.sock'])
  const daemon = await startDaemon([], { folders })
  expect(daemon.listening('control').at(-1)).toBe(`unix:${folders.runtime}/proxyd.sock`)
})

test('it outlives its terminal', async () => {
  const daemon = await startDaemon()
  daemon.signal('SIGHUP')
  await daemon.logs(/SIGHUP/)
  await converse(daemon)
})

test('it outlives those who read its output', async () => {
  const daemon = await startDaemon(['--timeout-drain', '0'])
  daemon.closeOutput()
  daemon.signal('SIGHUP')
  await converse(daemon)
  expect(await daemon.stop()).toMatchObject({ status: 0, signal: null })
})

/** Has a daemon do something when SIGWINCH comes. */
function onWindowChange(deed: string) {
  return { NODE_OPTIONS: `--import=data:text/javascript,${encodeURI(`process.on('SIGWINCH', () => { ${deed} })`)}` }
}

test('a warning of Node is a line of the log like others', async () => {
  const daemon = await startDaemon([], { env: onWindowChange("process.emitWarning('made for this test')") })
  daemon.signal('SIGWINCH')
  await daemon.logs(/made for this test/)
  const lines = (await daemon.stop()).stderr.trimEnd().split('\n')
  expect(lines.map((line) => JSON.parse(line))).toContainEqual(
    expect.objectContaining({ level: 'warn', msg: 'Warning: made for this test' }),
  )
})

test('a fault of its own ends it with status 1, one line in the log, and nothing to find', async () => {
  const folders = await temporaryFolders()
  const daemon = await startDaemon([], { folders, env: onWindowChange("throw new Error('made for this test')") })
  daemon.signal('SIGWINCH')
  const { status, stderr } = await daemon.ended
  expect(status).toBe(1)
  const lines = stderr.trimEnd().split('\n')
  expect(lines.map((line) => JSON.parse(line)).at(-1)).toMatchObject({
    level: 'fatal',
    err: { message: 'made for this test' },
  })
  expect(leadsToDaemon(folders)).toEqual([])
})

test('files that cannot be removed do not keep it from that end', async () => {
  const folders = await temporaryFolders()
  const daemon = await startDaemon([], { folders, env: onWindowChange("throw new Error('made for this test')") })
  rmSync(join(folders.runtime, 'cookie'))
  mkdirSync(join(folders.runtime, 'cookie'))
  daemon.signal('SIGWINCH')
  expect(await daemon.ended).toMatchObject({ status: 1, signal: null })
  expect(leadsToDaemon(folders)).toEqual(['cookie'])
})
