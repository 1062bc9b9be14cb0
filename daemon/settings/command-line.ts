import { Command, CommanderError, Option } from 'commander'
import { completionScript, type Shell, shells } from '../../shared/completions/completion-script.ts'
import { programOf } from '../../shared/completions/program.ts'
import { mistakeIn } from '../../shared/flag-mistakes.ts'
import { termsOf } from '../../shared/format/manual.ts'
import { guessAt } from '../../shared/likeliest.ts'
import {
  type SettingName,
  type SettingShape,
  type Settings,
  type SettingValue,
  settings,
} from '../../shared/settings.ts'
import { isSpan, spanText } from '../../shared/span.ts'
import { Failure } from '../failure.ts'
import { type ManualName, manual, manualNames } from '../manual/manual.ts'
import { sampleConfig } from './sample-config.ts'
import { problemWith, readNumber } from './setting-values.ts'

/** What the command line asks for: to print a text and end (`--help` and the like), or something that settings count for. */
export type CommandLine =
  | { readonly kind: 'print'; readonly text: string }
  | ({ readonly flags: Partial<Settings>; readonly configFile: string | undefined } & Work)

/**
 * To serve; to see whether that would do; to see whether a store is sound, that of the settings unless a `file` is named; to recover
 * that; or to make the schema of one that is shared, with all that the store in the folder `from` holds, if one is named.
 */
type Work =
  | { readonly kind: 'serve' }
  | { readonly kind: 'check' }
  | { readonly kind: 'recover-store' }
  | { readonly kind: 'check-store'; readonly file: string | undefined }
  | { readonly kind: 'migrate'; readonly from: string | undefined }

/** Read the arguments that follow the program's name. Throws a `Failure` of status 2 if they make no sense. */
export function readCommandLine(args: readonly string[], version: string): CommandLine {
  let printed = ''
  const options = settingNames.map((name) => [name, optionFor(name)] as const)
  const command = new Command('proxyd').description('Proxy server for SOCKS5, SOCKS4 and HTTP.').exitOverride()
  command.configureOutput({ writeOut: (text) => (printed += text), writeErr: () => {} })
  for (const [, option] of options) command.addOption(option)
  command
    .option('--config <FILE>', 'TOML file of settings, named as the flags are; a flag wins over it')
    .option('--check', 'see whether proxyd would start like this, and what is wrong, and end')
    .option('--check-store [FILE]', 'see whether the store of --state-dir, or a backup FILE, is sound, and end')
    .option('--recover-store', 'put what can be read of a damaged store in its place, keep that beside it, and end')
    .option('--migrate', 'make the schema of the PostgreSQL that --store names, or bring it up to date, and end')
    .option('--from <DIR>', 'with --migrate: fill it, empty as it is, with all that the store in this folder holds')
    .addOption(
      new Option('--completions <SHELL>', 'print what makes a shell complete our flags, and end').choices(shells),
    )
    .option('--sample-config', 'print a config file with all settings as they are by default, and end')
    .addOption(
      new Option(
        '--manual [PAGE]',
        'print a manual page, that of proxyd unless told, and end: proxyd --manual proxyd.toml | man -l -',
      )
        .choices(manualNames)
        .preset(manualNames[0]),
    )
    .version(version, '-v, --version', 'print the version and end')
    .helpOption('-h, --help', 'print this help and end')
    .allowExcessArguments()

  try {
    command.parse(args, { from: 'user' })
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return { kind: 'print', text: printed }
    throw error instanceof CommanderError ? new Failure(2, `${mistakeIn(error, command)}; see proxyd --help`) : error
  }
  const [stray] = command.args
  if (stray !== undefined) throw new Failure(2, `${strayWord(stray)}; see proxyd --help`)

  const shell: Shell | undefined = command.getOptionValue('completions')
  if (shell) return { kind: 'print', text: completions(command, shell) }
  const page: ManualName | undefined = command.getOptionValue('manual')
  if (page) return { kind: 'print', text: manual(page, termsOf(command.createHelp().visibleOptions(command)), version) }
  if (command.getOptionValue('sampleConfig')) return { kind: 'print', text: sampleConfig() }
  const flags: Record<string, SettingValue> = {}
  for (const [name, option] of options) {
    const value: SettingValue | undefined = command.getOptionValue(option.attributeName())
    if (value === undefined) continue
    const problem = problemWith(name, value)
    if (problem) throw new Failure(2, `--${name} ${problem}`)
    flags[name] = value
  }
  const { config: configFile, checkStore, from } = command.opts()
  for (const [flag, path] of Object.entries({ config: configFile, 'check-store': checkStore, from }))
    if (path === '') throw new Failure(2, `--${flag} must be a text that is not empty`)
  return { flags, configFile, ...workOf(command) }
}

const settingNames = Object.keys(settings) as SettingName[]

function workOf(command: Command): Work {
  const { check, checkStore: store, recoverStore: recover, migrate, from } = command.opts()
  const works = [check && '--check', store && '--check-store', recover && '--recover-store', migrate && '--migrate']
  const given = works.filter(Boolean)
  if (given.length > 1) throw new Failure(2, `${given.join(' and ')} exclude each other`)
  if (from !== undefined && !migrate) throw new Failure(2, '--from is for --migrate: say both')
  if (check) return { kind: 'check' }
  if (recover) return { kind: 'recover-store' }
  if (migrate) return { kind: 'migrate', from }
  return store ? { kind: 'check-store', file: store === true ? undefined : store } : { kind: 'serve' }
}

function completions(command: Command, shell: Shell): string {
  const choices: Readonly<Record<string, readonly string[]>> = {
    ...Object.fromEntries(settingNames.map((name) => [name, (settings[name] as SettingShape).choices ?? []])),
    completions: shells,
  }
  const described = command.createHelp().visibleOptions(command)
  return completionScript(
    shell,
    programOf('proxyd', described, (flag) => (choices[flag] ?? []).map((text) => ({ text }))),
  )
}

function optionFor(name: SettingName): Option {
  const shape: SettingShape = settings[name]
  const short = shape.short ? `-${shape.short}, ` : ''
  const placeholder = shape.type === 'flag' ? '' : ` <${isSpan(shape.placeholder) ? 'TIME' : shape.placeholder}>`
  const option = new Option(`${short}--${name}${placeholder}`, describe(shape))
  if (shape.type === 'integer') option.argParser((text) => readNumber(shape, text))
  // A password may have commas in it.
  const itemsIn = (text: string) => (shape.secret ? [text] : text.split(','))
  if (shape.type === 'list')
    option.argParser((text, before: string[] | undefined) => [...(before ?? []), ...itemsIn(text)])
  return option
}

function describe({ summary, short, default: value, choices, most, placeholder }: SettingShape): string {
  const notes = choices ? [choices.join(', ')] : []
  if (short && most) notes.push(`-${short} at most ${most} times`)
  const isTime = typeof value === 'number' && isSpan(placeholder)
  const shown = isTime ? spanText(value, placeholder) : Array.isArray(value) ? value.join(' and ') : value
  if (shown !== '' && shown !== false) notes.push(`default: ${shown}`)
  return notes.length > 0 ? `${summary} (${notes.join('; ')})` : summary
}

/** What to say to a word that belongs to no flag. */
function strayWord(word: string): string {
  if (/^(start|run|serve|up)$/.test(word)) return `proxyd serves once it is started: leave out '${word}'`
  if (/^(stop|restart|reload|status|down|kill)$/.test(word))
    return `'${word}' is for a proxyd that runs: SIGTERM stops it, SIGHUP reads its files again, proxy-tui --exec stats asks it`
  const guess = guessAt(word, settingNames, (name) => `--${name}`)
  return `'${word}' belongs to no flag; ${guess ?? 'proxyd takes flags only, and proxy-tui --exec the commands'}`
}
