import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { Connection } from '../../shared/protocol/methods.ts'
import { type Daemon, sharedDaemon, startDaemon } from '../helpers/daemon.ts'
import { mostTelling } from '../helpers/most-telling.ts'
import { findProgram, run } from '../helpers/programs.ts'
import { exec, program, proxyTui } from '../helpers/proxy-tui.ts'
import { startWebServer } from '../helpers/web-server.ts'

const curl = findProgram('curl')
const refusedByProxy = 97

function fetch(daemon: Daemon, url: string, login = '') {
  return run(curl ?? '', ['-sS', '--max-time', '60', '--proxy', `socks5://${login}[::1]:${daemon.port('socks')}`, url])
}

/** A curl that has the beginning of an answer without end. */
async function endlessDownload(daemon: Daemon, login?: string) {
  const begun = Promise.withResolvers<void>()
  const url = await startWebServer('127.0.0.1', (_, response) => {
    response.write('some of it')
    begun.resolve()
  })
  const curl = fetch(daemon, url, login)
  await begun.promise
  return { curl }
}

describe.skipIf(!curl).each(mostTelling)('with the %s engine', (engine) => {
  const daemons = sharedDaemon(['--engine', engine])

  test('a user who is added gets in at once, with the password printed, also after a restart', async () => {
    const daemon = await startDaemon(['--engine', engine])
    const url = await startWebServer('127.0.0.1', (_, response) => response.end('hello'))
    expect(await fetch(daemon, url)).toMatchObject({ status: 0, stdout: 'hello' })

    const added = await exec(daemon, 'adduser bob')
    expect(added).toMatchObject({ status: 0, stdout: expect.stringMatching(/^\S{12,}\n$/) })
    const password = added.stdout.trim()
    const login = `bob:${encodeURIComponent(password)}@`
    expect(await fetch(daemon, url, login)).toMatchObject({ status: 0, stdout: 'hello' })
    expect(await fetch(daemon, url)).toMatchObject({ status: refusedByProxy })

    const { stderr } = await daemon.stop()
    const restarted = await startDaemon(['--engine', engine], { folders: daemon.folders })
    expect(await fetch(restarted, url, login)).toMatchObject({ status: 0, stdout: 'hello' })
    expect(await fetch(restarted, url, 'bob:wrong@')).toMatchObject({ status: refusedByProxy })
    expect(stderr + restarted.stderr).not.toContain(password)
  })

  test('cut ends the curl', async () => {
    const daemon = await daemons()
    const download = await endlessDownload(daemon)
    const [connection]: Connection[] = JSON.parse((await exec(daemon, 'connections', '--json')).stdout)
    expect(connection).toMatchObject({ state: 'open', user: null, down: expect.any(Number) })
    expect(await exec(daemon, `cut ${connection?.id}`)).toMatchObject({ status: 0 })
    expect((await download.curl).status).not.toBe(0)
  })

  test('deluser ends the curl of that user, and the last one opens the proxy to this machine again', async () => {
    const daemon = await daemons()
    const { stdout } = await exec(daemon, 'adduser bob')
    const download = await endlessDownload(daemon, `bob:${encodeURIComponent(stdout.trim())}@`)
    expect(await exec(daemon, 'deluser bob')).toMatchObject({
      status: 0,
      stdout: 'deleted bob, cut 1 connection; no user is left: from now on no password is required\n',
    })
    expect((await download.curl).status).not.toBe(0)
    const url = await startWebServer('127.0.0.1', (_, response) => response.end('hello'))
    expect(await fetch(daemon, url)).toMatchObject({ status: 0, stdout: 'hello' })
  })
})

const daemons = sharedDaemon()

test.each(['127.0.0.1', '::1'])('the cookie opens management on %s', async (host) => {
  const daemon = await daemons()
  const cookie = join(daemon.folders.runtime, 'cookie')
  const where = ['--host', host, '--port', `${daemon.port('control')}`, '--cookie-file', cookie]
  expect(await proxyTui(...where, '--exec', 'whoami')).toMatchObject({
    status: 0,
    stdout: expect.stringContaining('via tcp'),
  })
})

test('deleting the last user does not open the proxy to other machines; settings say where they come from, without a secret', async () => {
  const daemon = await startDaemon(['-l', '0.0.0.0', '-u', 'bob:hunter2', '--max-connections', '100'])
  const { stdout } = await exec(daemon, 'get', '--json')
  expect(JSON.parse(stdout)).toContainEqual(
    expect.objectContaining({ name: 'max-connections', value: 100, source: 'flag' }),
  )
  expect(stdout).not.toContain('hunter2')
  expect(await exec(daemon, 'set timeout-idle 5s; get timeout-idle')).toMatchObject({
    status: 0,
    stdout: 'timeout-idle is 5s now\n5s\n',
  })
  expect(await exec(daemon, 'set max-connections 50')).toMatchObject({
    status: 0,
    stdout: 'max-connections is 50 now\n',
    stderr: expect.stringMatching(/^proxy-tui: note: .*max-connections.*\n$/),
  })
  expect(await exec(daemon, 'deluser bob; stats')).toMatchObject({
    status: 0,
    stdout: expect.stringMatching(/^password +required$/m),
  })

  await daemon.stop()
  const restarted = await startDaemon([], { folders: daemon.folders })
  const get = async () => JSON.parse((await exec(restarted, 'get timeout-idle', '--json')).stdout)
  expect(await get()).toMatchObject({ value: 5000, source: 'stored' })
  expect(await exec(restarted, 'set timeout-idle --default')).toMatchObject({ status: 0 })
  expect(await get()).toMatchObject({ value: 3_600_000, source: 'default' })
})

test.each([
  ['set timeout-idle 1', 1, /must be a time from 100ms to 1d/],
  ['set socks-port 1', 1, /socks-port/],
  ['set nothing 1', 1, /no setting nothing; list the settings with 'get'/],
  ['set timeout-idle soon', 2, /takes a time, such as 90s/],
])('%s is refused with what to do', async (command, status, words) => {
  const outcome = await exec(await daemons(), command)
  expect(outcome).toMatchObject({ status, stdout: '' })
  expect(outcome.stderr).toMatch(/^proxy-tui: set: [^\n]+\n$/)
  expect(outcome.stderr).toMatch(words)
})

test('the log is told, and followed until Ctrl-C or the end of the daemon', async () => {
  const daemon = await startDaemon()
  const told = await exec(daemon, 'log --last 1', '--json')
  expect(JSON.parse(told.stdout)).toEqual([expect.objectContaining({ level: 'info' })])
  const { follower, next } = follow(daemon, 'log --follow --last 1', '--json')
  // What was says that it follows; what comes is then not missed.
  expect(JSON.parse(await next())).toMatchObject({ level: 'info', message: expect.stringContaining('serves') })
  await exec(daemon, 'set timeout-idle 5000')
  expect(JSON.parse(await next())).toMatchObject({ message: expect.stringContaining('timeout-idle') })
  follower.kill('SIGINT')
  expect(await once(follower, 'exit')).toEqual([130, null])

  const last = follow(daemon, 'log --follow')
  let stderr = ''
  last.follower.stderr.on('data', (text) => (stderr += text))
  expect(await last.next()).toMatch(/^\d{4}-\S+Z {2}info {3}proxyd .* serves/)
  const ended = once(last.follower, 'close')
  expect(await exec(daemon, 'shutdown')).toMatchObject({ status: 0, stdout: 'the daemon ends\n' })
  expect((await daemon.ended).status).toBe(0)
  expect(await ended).toEqual([3, null])
  expect(stderr).toMatch(/^proxy-tui: the daemon said goodbye: [^\n]+\n$/)
})

/** A proxy-tui that goes on until it is interrupted, and its lines one by one. */
function follow(daemon: Daemon, command: string, ...args: string[]) {
  const all = [program, '--runtime-dir', daemon.folders.runtime, '--exec', command, ...args]
  const follower = spawn(process.execPath, all)
  onTestFinished(() => void follower.kill('SIGKILL'))
  const lines = createInterface(follower.stdout)[Symbol.asyncIterator]()
  return { follower, next: async () => (await lines.next()).value ?? '' }
}

test.skipIf(!curl)(
  'drain refuses new clients and ends when the last one has gone; shutdown does not wait',
  async () => {
    const daemon = await startDaemon()
    const download = await endlessDownload(daemon)
    expect(await exec(daemon, 'drain; stats')).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/^draining +yes$/m),
    })
    const url = await startWebServer('127.0.0.1', (_, response) => response.end('hello'))
    expect((await fetch(daemon, url)).status).not.toBe(0)
    expect(await exec(daemon, 'shutdown')).toMatchObject({ status: 0 })
    expect((await download.curl).status).not.toBe(0)
    expect((await daemon.ended).status).toBe(0)
  },
)
