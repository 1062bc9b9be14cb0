import { Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import { verbs } from '../../shared/commands/verbs.ts'
import { completionScript, type Shell, shells } from '../../shared/completions/completion-script.ts'
import { programOf, type Word } from '../../shared/completions/program.ts'
import { mistakeIn } from '../../shared/flag-mistakes.ts'
import { runtimeDirectory } from '../../shared/folders.ts'
import { manualPage, termsOf } from '../../shared/format/manual.ts'
import { guessAt } from '../../shared/likeliest.ts'
import { parseSpan } from '../../shared/span.ts'
import { type NamedDaemon, namedDaemons, type Said, settleDaemons } from './daemons.ts'
import { manual } from './manual.ts'
import { choicesOf, type OptionName, type Options, optionNames, options, problemWith, readValue } from './options.ts'

interface CommonOptions {
  /** One at least, in the order in which they are named. */
  readonly daemons: readonly NamedDaemon[]
  /** Times are those of UTC, not of the zone that the machine or TZ says. */
  readonly utc: boolean
}

export interface AppOptions extends CommonOptions {
  /** False: no colour, whatever the terminal can. */
  readonly colour: boolean
  /** Undefined: the one that was chosen last. */
  readonly theme: Options['theme']
  /** In a few lines, whatever room there is. */
  readonly mini: boolean
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
  /** Milliseconds more for each password that a request has hashed, where the person has said nothing. */
  readonly hashMs: number
  /** Milliseconds for the answer to an upgrade: the daemon says how it went when the successor serves, or its `timeout-upgrade` is over. */
  readonly upgradeMs: number
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
  const command = parsed(args, version)
  if (typeof command === 'string') return { kind: 'print', text: command }
  const flags = command.opts<Flags>()
  const [stray] = command.args
  if (stray !== undefined) throw new Error(strayWord(stray, flags.exec))
  if (flags.completions) return { kind: 'print', text: completions(describe(version), flags.completions) }
  if (flags.manual) {
    const all = describe(version)
    return { kind: 'print', text: manualPage(manual(termsOf(all.createHelp().visibleOptions(all))), version) }
  }
  const { profile: profiles = [], config } = flags
  const settled = await settleDaemons({ profiles, config, ...optionFlags(command) }, env)
  const daemons = namedDaemons(settled, runtimeDirectory(env, uid))
  // There is one screen, or one output, for all of them: the first one's profile has its say.
  const { colour, theme, mini = false, refresh = options.refresh.max, utc = false } = settled[0]?.options ?? {}
  const { exec: lines, json = false, passwordStdin = false, timeout } = flags
  if (!lines) {
    const idle = Object.entries({ '--json': json, '--password-stdin': passwordStdin, '--timeout 5s': timeout })
    const [flag] = idle.find(([, value]) => value) ?? []
    if (flag !== undefined)
      throw new Error(
        `${flag.split(' ')[0]} is about commands: give some with --exec, as in proxy-tui ${flag} --exec users`,
      )
    return { kind: 'app', options: { daemons, utc, colour: colour !== 'never', theme, mini, refresh } }
  }
  const readers = lines.filter((line) => line === '-').length + (passwordStdin ? 1 : 0)
  if (readers > 1) throw new Error('only one of --exec - and --password-stdin can read standard input')
  const [timeoutMs, hashMs, upgradeMs] = [timeout ?? 10_000, timeout === undefined ? 1_000 : 0, timeout ?? 70_000]
  return { kind: 'exec', options: { daemons, utc, lines, json, passwordStdin, timeoutMs, hashMs, upgradeMs } }
}

interface Flags {
  readonly profile?: readonly string[]
  readonly config?: string
  readonly exec?: readonly string[]
  readonly json?: true
  readonly passwordStdin?: true
  readonly timeout?: number
  readonly completions?: Shell
  readonly manual?: true
}

/** The flags that environment and profile could give, too, by their names; apart those that name a daemon each time. */
function optionFlags(command: Command): Pick<Said, 'options' | 'hosts' | 'sockets'> {
  const given = command.options.flatMap((option): [string, unknown][] => {
    const value = command.getOptionValue(option.attributeName())
    return value === undefined ? [] : [[option.long?.slice(2) ?? '', value]]
  })
  const {
    host: hosts = [],
    socket: sockets = [],
    ...options
  } = Object.fromEntries(given.filter(([name]) => optionNames.includes(name as OptionName)))
  return { options, hosts: hosts as readonly string[], sockets: sockets as readonly string[] }
}

/** The flags, understood, or a text that they ask for. To describe one takes 40 µs, so at first only those are that are given. */
function parsed(args: readonly string[], version: string): Command | string {
  try {
    return describe(version, (name) => args.some((arg) => arg.startsWith(`--${name}`))).parse(args, { from: 'user' })
  } catch {
    // A mistake, or a wish for help, is about all of them.
    return parsedByAll(args, version)
  }
}

function parsedByAll(args: readonly string[], version: string): Command | string {
  let printed = ''
  const command = describe(version).configureOutput({ writeOut: (text) => (printed += text) })
  try {
    return command.parse(args, { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    if (error.exitCode === 0) return printed
    throw new Error(mistakeIn(error, command), { cause: error })
  }
}

function describe(version: string, isWanted: (name: OptionName) => boolean = () => true): Command {
  const command = new Command('proxy-tui').description(
    'Watch and run a proxyd: a terminal app, or commands with --exec.',
  )
  for (const name of optionNames.filter(isWanted)) command.addOption(flagOf(name))
  return command
    .option(
      '--profile <NAME>',
      'take what is not said here from this profile (default: default); repeatable, then each names a daemon',
      collect,
    )
    .option('--config <FILE>', 'where the profiles are (default: ~/.config/proxyd/proxy-tui.toml)')
    .option('--exec <COMMANDS>', 'carry out commands; repeatable; - reads them from stdin', collect)
    .option('--json', 'print each result as one line of JSON')
    .option('--password-stdin', 'commands that set a password read it from stdin, a line each')
    .option(
      '--timeout <TIME>',
      'to connect, and for each answer, such as 90s (default: 10s, 70s for that to upgrade)',
      readTimeout,
    )
    .addOption(
      new Option('--completions <SHELL>', 'print what makes a shell complete our flags, and end').choices(shells),
    )
    .option('--manual', 'print the manual page and end: proxy-tui --manual | man -l -')
    .version(version, '-v, --version', 'print the version and end')
    .helpOption('-h, --help', 'print this help and end')
    .addHelpText('after', examples)
    .allowExcessArguments()
    .configureOutput({ writeOut: () => {}, writeErr: () => {} })
    .exitOverride()
}

/** What to say to a word that belongs to no flag. It is not repeated behind a command: it may be a password. */
function strayWord(word: string, lines: readonly string[] | undefined): string {
  const asked = lines?.at(-1)
  if (asked !== undefined) {
    const verb = Object.hasOwn(verbs, asked) ? verbs[asked] : undefined
    return `a command is one argument: quote it, as in --exec '${verb ? `${asked} ${verb.arguments}`.trim() : 'adduser bob'}'`
  }
  if (Object.hasOwn(verbs, word)) return `commands follow --exec: proxy-tui --exec ${word}`
  if (/^[\w-]+(\.[\w-]+)+(:\d+)?$|^[\w.-]+:\d+$|^\[.*\]/.test(word)) return `a daemon is named with --host ${word}`
  const flag = guessAt(word, [...optionNames, ...ownFlags], (name) => `--${name}`)
  const verb = guessAt(word, Object.keys(verbs), (name) => `--exec '${name}'`)
  return `'${word}' belongs to no flag; ${flag ?? verb ?? 'commands follow --exec, daemons --host'}`
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
  const read = (text: string) => {
    const value = readValue(name, text)
    const problem = problemWith(name, value)
    if (problem) throw new InvalidArgumentError(`It ${problem}`)
    return value
  }
  const repeats = 'repeats' in shape
  return new Option(`--${name} <${shape.placeholder}>`, shape.summary).argParser((text: string, before: unknown) =>
    repeats ? [...((before as readonly unknown[] | undefined) ?? []), read(text)] : read(text),
  )
}

/** Flags that neither a variable nor a profile's key stands for. */
const ownFlags = ['profile', 'config', 'exec', 'json', 'password-stdin', 'timeout', 'completions', 'manual', 'help']

const examples = `
Without --host, --port, --operator, --socket or --runtime-dir it tries the Unix
socket, then 127.0.0.1:8080. What a flag does not say, a variable can: PROXY_TUI_HOST and so
on, PROXY_TUI_PROFILE and PROXY_TUI_CONFIG; and then a profile, such as
  [home]
  host = "proxy.example"
  tls = true
  operator = "alice"
  read-only = true

Examples:
  proxy-tui                                   the terminal app, for this machine's daemon
  proxy-tui --profile home                    for the daemon of that profile
  proxy-tui --profile home --profile lab      for both; 9 lists them, [ and ] switch
  proxy-tui --host ::1                        by TCP; also [::1]:8080, fe80::1%eth0
  proxy-tui --exec 'adduser bob'              add a user, print the password made for them
  proxy-tui --exec 'disable bob; connections'
  proxy-tui --host a --host b --exec users    at one daemon after the other
  proxy-tui --json --exec users | jq '.[].name'
  proxy-tui --exec help                       what --exec understands

Exit status: 0 done, 1 refused by the daemon, 2 not understood,
3 no connection or no answer in time, 4 login failed, 130 interrupted;
of several daemons the greatest.
`

function collect(line: string, before: readonly string[] = []): readonly string[] {
  return [...before, line]
}

/** In milliseconds; a number alone is seconds. */
function readTimeout(text: string): number {
  const span = /^\d{1,9}(\.\d{1,9})?$/.test(text) ? Number(text) * 1000 : (parseSpan(text) ?? 0)
  if (span <= 0 || span > 86_400_000) throw new InvalidArgumentError('a timeout is a time such as 90s, at most 1d')
  return span
}
