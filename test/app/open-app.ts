import type { Daemon } from '../helpers/daemon.ts'
import { program } from '../helpers/proxy-tui.ts'
import { openTerminal, type Terminal, type TerminalOptions } from '../helpers/terminal.ts'

/** Run the built terminal app on a daemon, by its Unix socket, and wait until it shows what the daemon tells. */
export async function openApp(daemon: Daemon, options: TerminalOptions = {}): Promise<Terminal> {
  const terminal = openTerminal(process.execPath, [program, '--runtime-dir', daemon.folders.runtime], options)
  await terminal.shows(/proxyd \d.* up \d/)
  return terminal
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
