import { Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import { runtimeDirectory } from '../shared/runtime-paths.ts'
import type { Target } from './client/client.ts'
import { targetsOf, type Whereabouts } from './target.ts'

export interface AppOptions {
  /** Where the daemon may be, tried in this order. */
  readonly targets: readonly [Target, ...Target[]]
}

export interface ExecOptions extends AppOptions {
  /** Lines of commands; `-` stands for standard input. */
  readonly lines: readonly string[]
  readonly json: boolean
  readonly passwordStdin: boolean
  /** Milliseconds to connect and log in, and again for each answer. */
  readonly timeoutMs: number
}

/** What the command line asks for: a text (`--help`, `--version`), the terminal app, or commands. */
export type CommandLine =
  | { readonly kind: 'print'; readonly text: string }
  | { readonly kind: 'app'; readonly options: AppOptions }
  | { readonly kind: 'exec'; readonly options: ExecOptions }

/** What decides the defaults, and what to say of ourselves. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly uid: number
  readonly version: string
}

/** Read the arguments that follow the program's name. Throws an `Error` for people if they make no sense. */
export function readCommandLine(args: readonly string[], surroundings: Surroundings): CommandLine {
  let printed = ''
  const command = describe(surroundings.version).configureOutput({
    writeOut: (text) => (printed += text),
    writeErr: () => {},
  })
  try {
    command.parse(args, { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    if (error.exitCode === 0) return { kind: 'print', text: printed }
    throw new Error(error.message.replace(/^error: |\.$/g, '').replaceAll('\n', ' '), { cause: error })
  }
  const flags = command.opts<Flags>()
  const runtimeDir = flags.runtimeDir ?? runtimeDirectory(surroundings.env, surroundings.uid)
  const targets = targetsOf({ ...flags, runtimeDirectory: runtimeDir })
  const { exec: lines, json = false, passwordStdin = false, timeout } = flags
  if (!lines) {
    if (json || passwordStdin || timeout) throw new Error('--json, --password-stdin and --timeout need --exec')
    return { kind: 'app', options: { targets } }
  }
  const readers = lines.filter((line) => line === '-').length + (passwordStdin ? 1 : 0)
  if (readers > 1) throw new Error('only one of --exec - and --password-stdin can read standard input')
  return { kind: 'exec', options: { targets, lines, json, passwordStdin, timeoutMs: (timeout ?? 10) * 1000 } }
}

interface Flags extends Omit<Whereabouts, 'runtimeDirectory'> {
  readonly runtimeDir?: string
  readonly exec?: readonly string[]
  readonly json?: true
  readonly passwordStdin?: true
  readonly timeout?: number
}

function describe(version: string): Command {
  return new Command('proxy-tui')
    .description('Watch and run a proxyd: a terminal app, or commands with --exec.')
    .option('--host <HOST>', 'where the daemon is managed: a name or an address')
    .option('--port <PORT>', 'its management port (default: 8080)', readPort)
    .addOption(new Option('--socket <PATH>', 'its Unix socket').conflicts(['host', 'port', 'cookieFile']))
    .option('--cookie-file <FILE>', "the daemon's cookie, for a login by TCP")
    .option('--runtime-dir <DIR>', 'where its socket and cookie lie, as given to proxyd')
    .option('--exec <COMMANDS>', 'carry out commands; repeatable; - reads them from stdin', collect)
    .option('--json', 'print each result as one line of JSON')
    .option('--password-stdin', 'adduser and passwd read a line of stdin as password')
    .option('--timeout <SECONDS>', 'to connect, and for each answer (default: 10)', readSeconds)
    .version(version, '-v, --version', 'print the version and end')
    .helpOption('-h, --help', 'print this help and end')
    .addHelpText('after', examples)
    .exitOverride()
}

const examples = `
Without --host, --port or --socket it tries the Unix socket, then 127.0.0.1:8080.

Examples:
  proxy-tui                                   the terminal app, for this machine's daemon
  proxy-tui --host ::1                        the same by TCP; also [::1]:8080, fe80::1%eth0
  proxy-tui --exec 'adduser bob'              add a user, print the password made for them
  proxy-tui --exec 'disable bob; connections'
  proxy-tui --json --exec users | jq '.[].name'
  proxy-tui --exec help                       what --exec understands

Exit status: 0 done, 1 refused by the daemon, 2 not understood,
3 no connection or no answer in time, 4 login failed, 130 interrupted.
`

function collect(line: string, before: readonly string[] = []): readonly string[] {
  return [...before, line]
}

function readPort(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0
  if (port < 1 || port > 65_535) throw new InvalidArgumentError('a port is a number from 1 to 65535')
  return port
}

function readSeconds(text: string): number {
  const seconds = /^\d+(\.\d+)?$/.test(text) ? Number(text) : 0
  if (seconds <= 0 || seconds > 86_400)
    throw new InvalidArgumentError('a timeout is a number of seconds, at most 86400')
  return seconds
}
