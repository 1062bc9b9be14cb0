import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Connection } from '../../shared/protocol/methods.ts'
import { type Daemon, startDaemon } from '../helpers/daemon.ts'
import { findProgram, run } from '../helpers/programs.ts'
import { exec, proxyTui } from '../helpers/proxy-tui.ts'
import { startWebServer } from '../helpers/web-server.ts'

const curl = findProgram('curl')
const refusedByProxy = 97

function fetch(daemon: Daemon, url: string, login = '') {
  return run(curl ?? '', ['-sS', '--max-time', '10', '--proxy', `socks5://${login}[::1]:${daemon.port('socks')}`, url])
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

describe.skipIf(!curl).each(['portable', 'linux'])('with the %s engine', (engine) => {
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

  test('kill ends the curl', async () => {
    const daemon = await startDaemon(['--engine', engine])
    const download = await endlessDownload(daemon)
    const [connection]: Connection[] = JSON.parse((await exec(daemon, 'connections', '--json')).stdout)
    expect(connection).toMatchObject({ state: 'open', user: null, down: expect.any(Number) })
    expect(await exec(daemon, `kill ${connection?.id}`)).toMatchObject({ status: 0 })
    expect((await download.curl).status).not.toBe(0)
  })

  test('deluser ends the curl of that user, and the last one opens the proxy to this machine again', async () => {
    const daemon = await startDaemon(['--engine', engine])
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

test('deleting the last user does not open the proxy to other machines', async () => {
  const daemon = await startDaemon(['-l', '0.0.0.0', '-u', 'bob:hunter2'])
  expect(await exec(daemon, 'deluser bob; stats')).toMatchObject({
    status: 0,
    stdout: expect.stringMatching(/^password +required$/m),
  })
})

test.each(['127.0.0.1', '::1'])('the cookie opens management on %s', async (host) => {
  const daemon = await startDaemon()
  const cookie = join(daemon.folders.runtime, 'cookie')
  const where = ['--host', host, '--port', `${daemon.port('control')}`, '--cookie-file', cookie]
  expect(await proxyTui(...where, '--exec', 'whoami')).toMatchObject({
    status: 0,
    stdout: expect.stringContaining('via tcp'),
  })
})

test('the settings say where they come from, without a secret', async () => {
  const daemon = await startDaemon(['-u', 'bob:hunter2', '--max-connections', '100'])
  const { stdout } = await exec(daemon, 'get', '--json')
  expect(JSON.parse(stdout)).toContainEqual(
    expect.objectContaining({ name: 'max-connections', value: 100, source: 'flag' }),
  )
  expect(stdout).not.toContain('hunter2')
})
