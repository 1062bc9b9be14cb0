import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { connectThrough } from '../helpers/connect-through.ts'
import { type Daemon, sharedDaemon, startDaemon } from '../helpers/daemon.ts'
import { connectPeer } from '../helpers/peer.ts'
import { run } from '../helpers/programs.ts'
import { exec, program, proxyTui } from '../helpers/proxy-tui.ts'
import { greetingForLogin, login } from '../helpers/socks-client.ts'
import { startTarget } from '../helpers/target.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'

/** It has users once a test has added them, and then asks for a login. */
const daemons = sharedDaemon()

/** Whether proxyd lets a user in (RFC 1929, section 2). */
async function granted(daemon: Daemon, name: string, password: string): Promise<boolean> {
  const client = await connectPeer('127.0.0.1', daemon.port('socks'))
  client.write(greetingForLogin)
  expect(await client.readHex(2)).toBe('0502')
  client.write(login(name, password))
  return (await client.readHex(2)) === '0100'
}

function execWithInput(daemon: Daemon, input: string, ...args: readonly string[]) {
  return run(process.execPath, [program, '--runtime-dir', daemon.folders.runtime, ...args], { input })
}

test('connections finds one by its words, and cut says when it is gone (11)', async () => {
  const daemon = await daemons()
  const target = await startTarget()
  const client = await connectThrough(daemon.port('socks'), target)
  const found = await exec(daemon, `connections OPEN ${target.port}; connections nowhere`, '--json')
  const [rows, none] = found.stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
  expect(rows).toEqual([expect.objectContaining({ destination: `127.0.0.1:${target.port}`, state: 'open' })])
  expect(none).toEqual([])

  const [{ id }] = rows
  expect(await exec(daemon, `cut ${id}`)).toEqual({ status: 0, stdout: `cut ${id}\n`, stderr: '' })
  await client.discard()
  expect(await exec(daemon, `cut ${id}`)).toEqual({
    status: 1,
    stdout: '',
    stderr: `proxy-tui: cut: no such connection, it may have ended: ${id}\n`,
  })
})

test('passwords come from standard input, a line for each user, and count at once (21)', async () => {
  const daemon = await daemons()
  const commands = ['--password-stdin', '--exec', 'adduser bob; adduser eve', '--exec', 'users']
  const added = await execWithInput(daemon, 'hunter 2\r\n"$\\;\n', ...commands)
  expect(added).toMatchObject({ status: 0, stderr: '' })
  expect(added.stdout).toMatch(/^added bob\nadded eve\nNAME .*\nbob .*\neve .*\n$/)
  expect(await granted(daemon, 'bob', 'hunter 2')).toBe(true)
  expect(await granted(daemon, 'eve', '"$\\;')).toBe(true)

  expect(await execWithInput(daemon, 'other', '--exec', 'passwd bob --password-stdin')).toMatchObject({ status: 0 })
  expect(await granted(daemon, 'bob', 'hunter 2')).toBe(false)
  expect(await granted(daemon, 'bob', 'other')).toBe(true)

  expect(await execWithInput(daemon, '', '--exec', 'passwd bob --password-stdin')).toEqual({
    status: 2,
    stdout: '',
    stderr: 'proxy-tui: passwd: no password on standard input\n',
  })
})

test('disable keeps a user out and enable lets them in; passwd makes a password that counts', async () => {
  const daemon = await daemons()
  await execWithInput(daemon, 'hunter2', '--exec', 'adduser kim --password-stdin')
  expect(await exec(daemon, 'disable kim')).toMatchObject({ status: 0 })
  expect(await granted(daemon, 'kim', 'hunter2')).toBe(false)
  expect(await exec(daemon, 'enable kim')).toMatchObject({ status: 0, stdout: 'enabled kim\n' })
  expect(await granted(daemon, 'kim', 'hunter2')).toBe(true)
  const { stdout } = await exec(daemon, 'passwd kim')
  expect(await granted(daemon, 'kim', stdout.trimEnd())).toBe(true)
})

test.each([
  ['adduser bob; adduser bob', "change the password with 'passwd'"],
  ['deluser nobody', "list the users with 'users'"],
  ['get nothing', "list the settings with 'get'"],
  ['raw no.method', "list the methods with 'raw rpc.describe'"],
])('a refusal says what to do: %s', async (commands, mend) => {
  const daemon = await daemons()
  const { status, stderr } = await exec(daemon, commands)
  expect(status).toBe(1)
  expect(stderr).toMatch(/^proxy-tui: \w+: [^\n]+\n$/)
  expect(stderr).toContain(mend)
})

test('a cookie that is missing or wrong has status 4', async () => {
  const daemon = await daemons()
  const wrong = join(await temporaryFolder(), 'cookie')
  const whoami = () => {
    const where = ['--host', `[::1]:${daemon.port('control')}`, '--cookie-file', wrong]
    return proxyTui(...where, '--exec', 'whoami')
  }
  const missing = await whoami()
  await writeFile(wrong, '0'.repeat(64), { mode: 0o600 })
  for (const { status, stdout, stderr } of [missing, await whoami()]) {
    expect({ status, stdout }).toEqual({ status: 4, stdout: '' })
    expect(stderr).toMatch(/^proxy-tui: [^\n]+\n$/)
  }
  expect(missing.stderr).toContain(wrong)
})

test('a daemon that goes away between two commands has status 3', async () => {
  const daemon = await startDaemon()
  const child = spawn(process.execPath, [program, '--runtime-dir', daemon.folders.runtime, '--exec', '-'])
  onTestFinished(() => void child.kill('SIGKILL'))
  let stderr = ''
  child.stderr.on('data', (text) => (stderr += text))
  child.stdin.write('whoami\n')
  await once(child.stdout, 'data')
  await daemon.stop()
  child.stdin.write('whoami\n')
  expect(await once(child, 'close')).toEqual([3, null])
  expect(stderr).toMatch(/^proxy-tui: line 2: [^\n]+\n$/)
})
