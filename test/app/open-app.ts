import { afterAll } from 'vitest'
import type { Daemon } from '../helpers/daemon.ts'
import { program } from '../helpers/proxy-tui.ts'
import { openTerminal, type Terminal, type TerminalOptions } from '../helpers/terminal.ts'

/** Run the built terminal app on a daemon, by its Unix socket, and wait until it shows what the daemon tells. */
export async function openApp(daemon: Daemon, options: TerminalOptions = {}): Promise<Terminal> {
  const terminal = openTerminal(process.execPath, [program, '--runtime-dir', daemon.folders.runtime], options)
  await terminal.shows(/proxyd \d.* up \d/)
  return terminal
}

/**
 * The app on a daemon, for several tests, each of which finds it on the overview of 80x24 again. They must leave no dialog
 * open, and nothing chosen that others would see.
 */
export function sharedApp(daemon: () => Promise<Daemon>, options?: TerminalOptions): () => Promise<Terminal> {
  let opened: Promise<Terminal> | undefined
  afterAll(async () => (await opened)?.[Symbol.asyncDispose]())
  return async () => {
    opened ??= daemon().then((found) => openApp(found, options))
    const app = await opened
    app.resize(80, 24)
    // By way of another page, so that what is waited for was not on the screen before.
    app.type('2')
    await app.shows(/^ 1 Overview[\s\S]* q quit$/m)
    app.type('1')
    await app.shows(/^\[1 Overview[\s\S]* q quit$/m)
    return app
  }
}

/** A shell whose prompt is `$ `, with job control. */
export async function openShell(): Promise<Terminal> {
  const shell = openTerminal('bash', ['--noprofile', '--norc', '-i'], { env: { PS1: '$ ', HISTFILE: undefined } })
  await prompted(shell)
  return shell
}

/** Wait until the shell has the terminal and asks for a command. */
export function prompted(shell: Terminal): Promise<void> {
  return shell.until(() => !shell.isAlternate && /\$$/.test(shell.screen.trimEnd()), 'has a prompt')
}

/** What starts the terminal app from a shell. */
export function appCommand(daemon: Daemon): string {
  return `'${process.execPath}' '${program}' --runtime-dir '${daemon.folders.runtime}'`
}
