import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { program } from '../helpers/proxy-tui.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'
import { openTerminal } from '../helpers/terminal.ts'
import { startFakeDaemon } from './fake-daemon.ts'

/** Longer than a terminal waits for the next text. */
const slow = 250

test('in a terminal an import tells how far it has come, in one line that is gone in the end', async () => {
  const daemon = await startFakeDaemon((method) => {
    if (method !== 'transfer.import') return {}
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, slow)
    return { changes: [], cut: 0 }
  })
  const file = join(await temporaryFolder(), 'users.json')
  const users = Array.from({ length: 60 }, (_, at) => ({ name: `user-${at}`, password: 'a password' }))
  await writeFile(file, JSON.stringify({ proxyd: 1, users }))
  await using app = openTerminal(process.execPath, [program, '--socket', daemon.path, '--exec', `import ${file}`])
  expect(await app.ended).toEqual({ status: 0, signal: 0 })
  // Each takes the place of the one before.
  const line = '\r\u001b[K'
  expect(app.output).toContain(`${line}importing users: 25 of 60${line}importing users: 50 of 60${line}`)
  expect(app.screen.trim()).toBe('all is so already')
})
