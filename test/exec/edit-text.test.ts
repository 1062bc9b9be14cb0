import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { examples } from '../docs/examples.ts'
import { program, proxyTui } from '../helpers/proxy-tui.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'
import { openTerminal } from '../helpers/terminal.ts'
import { type FakeDaemon, startFakeDaemon } from './fake-daemon.ts'

/** A daemon whose rules are one line, and that takes every other text. */
function startRules(): Promise<FakeDaemon> {
  return startFakeDaemon((method) =>
    method === 'rules.list'
      ? { revision: 7, rules: [], text: 'deny to a.example\n' }
      : { ...examples['rules.apply'].result, revision: 8 },
  )
}

/** `script` is what the editor does with the file `$1`. */
async function edit(daemon: FakeDaemon, script: string) {
  const editor = join(await temporaryFolder(), 'editor')
  await writeFile(editor, script)
  const env = { VISUAL: undefined, EDITOR: `sh ${editor}` }
  return openTerminal(process.execPath, [program, '--socket', daemon.path, '--exec', 'rules edit'], { env })
}

test('an editor gets the text in a file of this user alone, and what it saves is applied', async () => {
  const daemon = await startRules()
  await using terminal = await edit(daemon, 'stat -c %a "$1"; cat "$1"; echo "deny to b.example" >> "$1"')
  expect(await terminal.ended).toEqual({ status: 0, signal: 0 })
  expect(terminal.output.replaceAll('\r', '')).toMatch(/^600\ndeny to a\.example\n/)
  const text = 'deny to a.example\ndeny to b.example\n'
  expect(daemon.calls.at(-1)).toEqual(['rules.apply', { text, ifRevision: 7 }])
})

test.each([
  ['that saves nothing', 'true', 0, /nothing has changed/],
  ['that fails', 'echo "deny to any" > "$1"; exit 3', 2, /ended with status 3, so nothing has changed/],
])('an editor %s changes nothing', async (_, script, status, said) => {
  const daemon = await startRules()
  await using terminal = await edit(daemon, script)
  expect((await terminal.ended).status).toBe(status)
  expect(terminal.output).toMatch(said)
  expect(daemon.calls.map(([method]) => method)).toEqual(['rules.list'])
})

test('without a terminal there is none', async () => {
  const daemon = await startRules()
  const { status, stderr } = await proxyTui('--socket', daemon.path, '--exec', 'rules edit')
  expect([status, stderr]).toEqual([2, expect.stringContaining('there is no terminal to edit in')])
})
