import { once } from 'node:events'
import { PassThrough } from 'node:stream'
import { setImmediate as turn } from 'node:timers/promises'
import type { ReadStream } from 'node:tty'
import { render } from 'ink'
import { createElement } from 'react'
import { expect, onTestFinished, test } from 'vitest'
import { type Parts, useApp, useKeys } from '../../tui/app/hooks.ts'
import type { App } from '../../tui/app/keys/app.ts'
import { confirm } from '../../tui/app/keys/perform.ts'
import { Login } from '../../tui/app/link/login.ts'
import { Store } from '../../tui/app/store/store.ts'
import { TerminalInput } from '../../tui/app/terminal/terminal-input.ts'
import { sharedDaemon } from '../helpers/daemon.ts'
import { eventually } from '../helpers/eventually.ts'
import { program } from '../helpers/proxy-tui.ts'
import { openTerminal } from '../helpers/terminal.ts'

const daemon = sharedDaemon()

/** What a person types into, and what reads it for Ink. */
function openInput(): { readonly terminal: PassThrough; readonly input: TerminalInput } {
  const modes = { isTTY: true, setRawMode: () => {}, ref: () => {}, unref: () => {} }
  const terminal = Object.assign(new PassThrough(), modes)
  return { terminal, input: new TerminalInput(terminal as unknown as ReadStream) }
}

/** As Ink reads. */
async function readAll(input: TerminalInput): Promise<string> {
  await once(input, 'readable')
  let read = ''
  for (let part = input.read(); part !== null; part = input.read()) read += part
  return read
}

test('what is typed before anybody reads is kept, in its order, around the answer that the terminal gives meanwhile', async () => {
  const { terminal, input } = openInput()
  for (const chunk of ['2', 'j\u001b]11;rgb:ffff/ffff/ffff\u0007k', '\u001b[', '6~G']) {
    terminal.write(chunk)
    // The stream is filled up between.
    await turn()
  }
  expect(await readAll(input)).toBe('2jk\u001b[6~G')
})

test('the second half of a key that waits in the terminal, the app being busy, is not too late', async () => {
  const { terminal, input } = openInput()
  terminal.write('\u001b')
  await turn()
  const until = performance.now() + 150
  while (performance.now() < until);
  setImmediate(() => terminal.write('[6~'))
  expect(await readAll(input)).toBe('\u001b[6~')
})

test('what was typed before the first frame acts, but answers no question', async () => {
  const { terminal, input } = openInput()
  const store = new Store(['here'], 250)
  const parts: Parts = { store, daemons: [], login: new Login(store), reach: () => 0 }
  confirm({ store } as App, { question: 'Stop it?', facts: [], yes: 'Stop' }, 'stop')
  terminal.write('n')
  const screen = render(
    createElement(() => {
      useKeys(useApp(parts))
      return null
    }),
    {
      stdin: input as unknown as NodeJS.ReadStream,
      stdout: Object.assign(new PassThrough(), { columns: 80, rows: 24 }) as unknown as NodeJS.WriteStream,
      patchConsole: false,
    },
  )
  onTestFinished(() => screen.unmount())
  for (let turns = 0; turns < 3; turns++) await turn()
  expect(input.readableLength).toBe(0)
  expect(store.state.dialog).not.toBeNull()
  terminal.write('n')
  await eventually(() => expect(store.state.dialog).toBeNull())
})

test('keys pressed as soon as the app is started act once it is there', async () => {
  const { folders } = await daemon()
  await using app = openTerminal(process.execPath, [program, '--runtime-dir', folders.runtime])
  app.type('3/bob\u001b[Z')
  await app.shows(/\[3 Users\][\s\S]*\/bob/)
})
