import { Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import { verbs } from '../../shared/commands/verbs.ts'
import { completionScript, type Shell, shells } from '../../shared/completions/completion-script.ts'
import { programOf, type Word } from '../../shared/completions/program.ts'
import { manualPage, termsOf } from '../../shared/format/manual.ts'
import { runtimeDirectory } from '../../shared/runtime-paths.ts'
import { readEnvironment, variableOf } from './environment.ts'
import { type Layer, mergeLayers } from './layers.ts'
import { manual } from './manual.ts'
import { choicesOf, type OptionName, type Options, optionNames, options, problemWith, readValue } from './options.ts'
import { type Place, placesOf } from './place.ts'
import { readProfile } from './profile.ts'

interface CommonOptions {
  /** Where the daemon may be, tried in this order. */
  readonly places: readonly [Place, ...Place[]]
  /** Give up the right to change anything. */
  readonly readOnly: boolean
}

export interface AppOptions extends CommonOptions {
  /** False: no colour, whatever the terminal can. */
  readonly colour: boolean
  /** How often a second what the daemon tells may change the screen. */
  readonly refresh: number
}

export interface ExecOptions extends CommonOptions {
  /** Lines of commands; `-` stands for standard input. */
  readonly lines: readonly string[]
  readonly json: boolean
  readonly passwordStdin: boolean
  /** Milliseconds to connect and log in, and again for each answer. */
  readonly timeoutMs: number
}

/** What the command line asks for: a text (`--help` and the like), the terminal app, or commands. */
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

/**
 * Read the arguments that follow the program's name, and what environment and profile say beside them. Rejects with an
 * `Error` for people if they make no sense.
 */
export async function readCommandLine(args: readonly string[], surroundings: Surroundings): Promise<CommandLine> {
  const { env, uid, version } = surroundings
  let printed = ''
  const command = describe(version).configureOutput({ writeOut: (text) => (printed += text), writeErr: () => {} })
  try {
    command.parse(args, { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    if (error.exitCode === 0) return { kind: 'print', text: printed }
    throw new Error(error.message.replace(/^error: |\.$/g, '').replaceAll('\n', ' '), { cause: error })
  }
  const flags = command.opts<Flags>()
  if (flags.completions) return { kind: 'print', text: completions(command, flags.completions) }
  if (flags.manual)
    return { kind: 'print', text: manualPage(manual(termsOf(command.createHelp().visibleOptions(command)))) }
  const said = await settle(flags, optionFlags(command), env)
  const runtimeDir = said['runtime-dir'] ?? runtimeDirectory(env, uid)
  const common = { places: placesOf(said, runtimeDir), readOnly: said['read-only'] ?? false }
  const { exec: lines, json = false, passwordStdin = false, timeout } = flags
  if (!lines) {
    if (json || passwordStdin || timeout) throw new Error('--json, --password-stdin and --timeout need --exec')
    const colour = said.colour !== 'never'
    return { kind: 'app', options: { ...common, colour, refresh: said.refresh ?? options.refresh.max } }
  }
  const readers = lines.filter((line) => line === '-').length + (passwordStdin ? 1 : 0)
  if (readers > 1) throw new Error('only one of --exec - and --password-stdin can read standard input')
  return { kind: 'exec', options: { ...common, lines, json, passwordStdin, timeoutMs: (timeout ?? 10) * 1000 } }
}

interface Flags {
  readonly profile?: string
  readonly config?: string
  readonly exec?: readonly string[]
  readonly json?: true
  readonly passwordStdin?: true
  readonly timeout?: number
  readonly completions?: Shell
  readonly manual?: true
}

/** A flag without which another one would do nothing. */
const needed = { ca: 'tls', cert: 'tls', key: 'tls', 'password-file': 'operator' } as const

/** What counts: a flag before the environment, that before the profile. */
async function settle(flags: Flags, said: Options, env: Surroundings['env']): Promise<Options> {
  const name = flags.profile ?? (env[variableOf('profile')] || undefined)
  const file = flags.config ?? (env[variableOf('config')] || undefined)
  const profile = await readProfile({ file, name, env })
  const layers: Layer[] = [
    { nameOf: (option) => `the profile's ${option}`, said: profile },
    { nameOf: variableOf, said: readEnvironment(env) },
    { nameOf: (option) => `--${option}`, said },
  ]
  const merged = mergeLayers(...layers)
  for (const [flag, other] of Object.entries(needed) as [keyof typeof needed, OptionName][]) {
    if (said[flag] !== undefined && !merged[other]) throw new Error(`--${flag} needs --${other}`)
  }
  return merged
}

/** The flags that environment and profile could give, too, by their names. */
function optionFlags(command: Command): Options {
  const given = command.options.flatMap((option): [string, unknown][] => {
    const value = command.getOptionValue(option.attributeName())
    return value === undefined ? [] : [[option.long?.slice(2) ?? '', value]]
  })
  return Object.fromEntries(given.filter(([name]) => optionNames.includes(name as OptionName))) as Options
}

function describe(version: string): Command {
  const command = new Command('proxy-tui').description(
    'Watch and run a proxyd: a terminal app, or commands with --exec.',
  )
  for (const name of optionNames) command.addOption(flagOf(name))
  return command
    .option('--profile <NAME>', 'take what is not said here from this profile (default: default)')
    .option('--config <FILE>', 'where the profiles are (default: ~/.config/proxyd/proxy-tui.toml)')
    .option('--exec <COMMANDS>', 'carry out commands; repeatable; - reads them from stdin', collect)
    .option('--json', 'print each result as one line of JSON')
    .option('--password-stdin', 'commands that set a password read it from stdin, a line each')
    .option('--timeout <SECONDS>', 'to connect, and for each answer (default: 10)', readSeconds)
    .addOption(
      new Option('--completions <SHELL>', 'print what makes a shell complete our flags, and end').choices(shells),
    )
    .option('--manual', 'print the manual page and end: proxy-tui --manual | man -l -')
    .version(version, '-v, --version', 'print the version and end')
    .helpOption('-h, --help', 'print this help and end')
    .addHelpText('after', examples)
    .exitOverride()
}

function completions(command: Command, shell: Shell): string {
  return completionScript(shell, programOf('proxy-tui', command.createHelp().visibleOptions(command), wordsOf))
}

/** What a flag can be given; commands begin with a verb. */
function wordsOf(flag: string): readonly Word[] {
  if (flag === 'exec') return Object.entries(verbs).map(([text, { summary }]) => ({ text, summary }))
  const choices: readonly string[] = flag === 'completions' ? shells : choicesOf(flag)
  return choices.map((text) => ({ text }))
}

function flagOf(name: OptionName): Option {
  const shape = options[name]
  if (!('placeholder' in shape)) return new Option(`--${name}`, shape.summary)
  return new Option(`--${name} <${shape.placeholder}>`, shape.summary).argParser((text: string) => {
    const value = readValue(name, text)
    const problem = problemWith(name, value)
    if (problem) throw new InvalidArgumentError(`It ${problem}`)
    return value
  })
}

const examples = `
Without --host, --port, --operator or --socket it tries the Unix socket, then
127.0.0.1:8080. What a flag does not say, a variable can: PROXY_TUI_HOST and so
on, PROXY_TUI_PROFILE and PROXY_TUI_CONFIG; and then a profile, such as
  [home]
  host = "proxy.example"
  tls = true
  operator = "alice"
  read-only = true

Examples:
  proxy-tui                                   the terminal app, for this machine's daemon
  proxy-tui --profile home                    for the daemon of that profile
  proxy-tui --host ::1                        by TCP; also [::1]:8080, fe80::1%eth0
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

function readSeconds(text: string): number {
  const seconds = /^\d+(\.\d+)?$/.test(text) ? Number(text) : 0
  if (seconds <= 0 || seconds > 86_400)
    throw new InvalidArgumentError('a timeout is a number of seconds, at most 86400')
  return seconds
}
