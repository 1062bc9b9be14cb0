import { spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { openClient } from '../client/open-client.ts'
import { temporaryFolders } from '../helpers/daemon.ts'
import { run } from '../helpers/programs.ts'
import { openTerminal } from '../helpers/terminal.ts'

const program = fileURLToPath(new URL('../../dist/proxyd.js', import.meta.url))
const stop = '\x13'
const go = '\x11'

test('a terminal that was stopped by Ctrl-S stops neither management nor anything else', async () => {
  const { state, runtime } = await temporaryFolders()
  const args = [program, '-p', '0', '-P', '0', '--state-dir', state, '--runtime-dir', runtime]
  await using terminal = openTerminal(process.execPath, args, { columns: 200, rows: 50 })
  await terminal.shows(/^ready$/m)
  const client = await openClient({ kind: 'unix', path: join(runtime, 'proxyd.sock') })

  terminal.type(stop)
  let revision = 0
  for (let i = 1; i <= 200; i++) {
    const patch = { 'timeout-idle': 1000 + i }
    ;({ revision } = await client.call('config.set', { revision, patch }))
  }
  expect(terminal.output).not.toContain('to 1200')
  terminal.type(go)
  await terminal.until(() => terminal.output.includes('to 1200'), 'shows the last line')
  expect(terminal.output).toContain('to 1100')

  terminal.type(stop)
  for (let i = 1; i <= 20; i++)
    ({ revision } = await client.call('config.set', { revision, patch: { auth: i % 2 ? 'required' : null } }))
  terminal.signal('SIGTERM')
  expect(await terminal.ended).toEqual({ status: 0, signal: 0 })
})

test.each(['stdout', 'stderr'] as const)('a device that is full as %s changes nothing', async (which) => {
  const { state, runtime } = await temporaryFolders()
  const full = openSync('/dev/full', 'w')
  onTestFinished(() => closeSync(full))
  const args = [program, '-p', '0', '-P', '0', '--state-dir', state, '--runtime-dir', runtime]
  const child = spawn(process.execPath, args, {
    stdio: ['ignore', which === 'stdout' ? full : 'pipe', which === 'stderr' ? full : 'pipe'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const ended = new Promise((resolve) => child.once('close', (...how) => resolve(how)))
  const shown = (which === 'stdout' ? child.stderr : child.stdout) as NonNullable<typeof child.stdout>
  let text = ''
  shown.setEncoding('utf8')
  for await (const part of shown.iterator({ destroyOnReturn: false })) {
    text += part
    if (/^ready$| serves: /m.test(text)) break
  }
  shown.resume()
  const client = await openClient({ kind: 'unix', path: join(runtime, 'proxyd.sock') })
  for (let i = 0; i < 3; i++) child.kill('SIGHUP')
  await client.call('status.get', {})
  child.kill('SIGTERM')
  expect(await ended).toEqual([0, null])
})

test('what was asked to be printed and cannot be is a failure', async () => {
  const { status, stderr } = await run('sh', ['-c', '"$@" >/dev/full', 'sh', process.execPath, program, '--help'])
  expect({ status, stderr }).toEqual({
    status: 1,
    stderr: 'proxyd: cannot write to standard output: its disk is full: make room there, or send it elsewhere\n',
  })
})
