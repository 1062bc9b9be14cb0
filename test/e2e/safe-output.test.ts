import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { openClient } from '../client/open-client.ts'
import { startDaemon, temporaryFolders } from '../helpers/daemon.ts'
import { eventually } from '../helpers/eventually.ts'
import { operate } from '../helpers/operate.ts'
import { run } from '../helpers/programs.ts'
import { openTerminal } from '../helpers/terminal.ts'

const program = fileURLToPath(new URL('../../dist/proxyd.js', import.meta.url))

/** Moves the cursor, colours, turns the writing direction, ends lines, hides. */
const evil = '\u001b[2J\u009b31m\u0085\u202e\u2066\u2028\u2029\u200b\ufeff\u{e0041}'
// biome-ignore lint/suspicious/noControlCharactersInRegex: these must not reach people
const dangerous = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\p{Cf}\p{Cs}\u2028\u2029]/u

test('what clients send reaches the log with nothing that a terminal acts on', async () => {
  const daemon = await startDaemon()
  const client = await operate(daemon)
  await client.call('log.subscribe')
  await client.call('connections.kill', { ids: [`${evil}mark`] })
  await client.call('config.set', { revision: 0, patch: { [`${evil}mark`]: null } })
  await eventually(() => expect(daemon.stderr).toMatch(/connections\.kill.*mark/))
  expect(daemon.stderr).not.toMatch(dangerous)
  const { message } = (await client.call('log.subscribe', { history: 5 })).result.entries.at(-1)
  expect(message).toMatch(/mark/)
  expect(message).not.toMatch(dangerous)
})

test('a terminal as stderr is shown no other colours than ours', async () => {
  const { state, runtime } = await temporaryFolders()
  const args = [program, '-p', '0', '-P', '0', '--state-dir', state, '--runtime-dir', runtime]
  await using terminal = openTerminal(process.execPath, args, { columns: 200, rows: 50, env: { NO_COLOR: '1' } })
  await terminal.shows(/^ready$/m)
  const client = await openClient({ kind: 'unix', path: join(runtime, 'proxyd.sock') })
  await client.call('connections.kill', { ids: [`${evil}\nmark`] })
  await terminal.shows(/connections\.kill.*mark/)
  expect(terminal.output.replaceAll('\r\n', '')).not.toMatch(dangerous)
  terminal.signal('SIGTERM')
  await terminal.ended
})

test.each([
  ['a flag', ['--user', `bob${evil}`]],
  ['a value', ['--auth', evil]],
  ['a file', ['--config', `/nowhere/${evil}`]],
])('a mistake in %s is told with nothing that a terminal acts on', async (_, args) => {
  const { state, runtime } = await temporaryFolders()
  const folders = ['--state-dir', state, '--runtime-dir', runtime]
  const { status, stderr } = await run(process.execPath, [program, ...folders, ...args])
  expect(status).toBe(2)
  expect(stderr).toMatch(/^proxyd: .*\n$/)
  expect(stderr).not.toMatch(dangerous)
})
