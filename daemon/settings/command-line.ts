import { Command, CommanderError, Option } from 'commander'
import { completionScript, type Shell, shells } from '../../shared/completions/completion-script.ts'
import { programOf } from '../../shared/completions/program.ts'
import { manualPage, termsOf } from '../../shared/format/manual.ts'
import {
  type SettingName,
  type SettingShape,
  type Settings,
  type SettingValue,
  settings,
} from '../../shared/settings.ts'
import { Failure } from '../failure.ts'
import { manual } from './manual.ts'
import { problemWith } from './setting-values.ts'

/** What the command line asks for: to print a text and end (`--help` and the like), or something that settings count for. */
export type CommandLine =
  | { readonly kind: 'print'; readonly text: string }
  | ({ readonly flags: Partial<Settings>; readonly configFile: string | undefined } & Work)

/** To serve; to see whether a store is sound, that of the settings unless a `file` is named; or to recover that. */
type Work =
  | { readonly kind: 'serve' }
  | { readonly kind: 'recover-store' }
  | { readonly kind: 'check-store'; readonly file: string | undefined }

/** Read the arguments that follow the program's name. Throws a `Failure` of status 2 if they make no sense. */
export function readCommandLine(args: readonly string[], version: string): CommandLine {
  let printed = ''
  const options = settingNames.map((name) => [name, optionFor(name)] as const)
  const command = new Command('proxyd').description('SOCKS5 proxy server.').exitOverride()
  command.configureOutput({ writeOut: (text) => (printed += text), writeErr: () => {} })
  for (const [, option] of options) command.addOption(option)
  command
    .option('--config <FILE>', 'TOML file of settings, named as the flags are; a flag wins over it')
    .option('--check-store [FILE]', 'see whether the store of --state-dir, or a backup FILE, is sound, and end')
    .option('--recover-store', 'put what can be read of a damaged store in its place, keep that beside it, and end')
    .addOption(
      new Option('--completions <SHELL>', 'print what makes a shell complete our flags, and end').choices(shells),
    )
    .option('--manual', 'print the manual page and end: proxyd --manual | man -l -')
    .version(version, '-v, --version', 'print the version and end')
    .helpOption('-h, --help', 'print this help and end')

  try {
    command.parse(args, { from: 'user' })
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return { kind: 'print', text: printed }
    throw usageFailure(error)
  }

  const shell: Shell | undefined = command.getOptionValue('completions')
  if (shell) return { kind: 'print', text: completions(command, shell) }
  if (command.getOptionValue('manual'))
    return { kind: 'print', text: manualPage(manual(termsOf(command.createHelp().visibleOptions(command)))) }
  const flags: Record<string, SettingValue> = {}
  for (const [name, option] of options) {
    const value: SettingValue | undefined = command.getOptionValue(option.attributeName())
    if (value === undefined) continue
    const problem = problemWith(name, value)
    if (problem) throw new Failure(2, `--${name} ${problem}`)
    flags[name] = value
  }
  return { flags, configFile: command.getOptionValue('config'), ...workOf(command) }
}

const settingNames = Object.keys(settings) as SettingName[]

function workOf(command: Command): Work {
  const check: string | true | undefined = command.getOptionValue('checkStore')
  if (command.getOptionValue('recoverStore')) {
    if (check !== undefined) throw new Failure(2, '--check-store and --recover-store exclude each other')
    return { kind: 'recover-store' }
  }
  return check === undefined ? { kind: 'serve' } : { kind: 'check-store', file: check === true ? undefined : check }
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
  const placeholder = shape.type === 'flag' ? '' : ` <${shape.placeholder}>`
  const option = new Option(`${short}--${name}${placeholder}`, describe(shape))
  if (shape.type === 'integer') option.argParser(readInteger)
  if (shape.type === 'list') option.argParser((item, before: string[] | undefined) => [...(before ?? []), item])
  return option
}

/** A text that is no number stays one, for the check of values to refuse. */
function readInteger(text: string): number | string {
  return /^\d+$/.test(text) ? Number(text) : text
}

function describe({ summary, short, default: value, choices, most }: SettingShape): string {
  const notes = choices ? [choices.join(', ')] : []
  if (short && most) notes.push(`-${short} at most ${most} times`)
  const shown = Array.isArray(value) ? value.join(' and ') : value
  if (shown !== '' && shown !== false) notes.push(`default: ${shown}`)
  return notes.length > 0 ? `${summary} (${notes.join('; ')})` : summary
}

function usageFailure(error: unknown): unknown {
  if (!(error instanceof CommanderError)) return error
  const cause = error.message.replace(/^error: |\.$/g, '').replaceAll('\n', ' ')
  return new Failure(2, `${cause}; see proxyd --help`)
}
