import { statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { whyNot } from '../../shared/file-trouble.ts'
import { homeFolder } from '../../shared/folders.ts'
import { guessAt } from '../../shared/likeliest.ts'
import { readFileOrPipe } from '../../shared/whole-file.ts'
import { refuseForeignFile, refuseForeignLink } from '../foreign-files.ts'
import { isOptionName, type OptionName, type Options, optionNames, options, problemWith } from './options.ts'

/** The profile that counts if none is named. */
const usual = 'default'

/** Of a file of profiles. */
const mostBytes = 1 << 20

export interface Wish {
  /** The file that was named; by default it is the person's own, which need not be there. */
  readonly file: string | undefined
  /** The profile that was named. */
  readonly name: string | undefined
  readonly env: Readonly<Record<string, string | undefined>>
}

/**
 * What a profile says: a table of the TOML file whose keys are the long flags. Paths are relative to the file, or begin
 * with `~/`. Throws an `Error` for people if there is no such file or profile, or if what it says makes no sense.
 */
export async function readProfile({ file, name, env }: Wish): Promise<Options> {
  const path = file ?? usualFile(env)
  if (path === undefined) {
    if (name === undefined) return {}
    throw new Error(`this user has no home folder to have a profile ${name} in; --config names the file`)
  }
  const text = await read(path, file === undefined && name === undefined)
  if (text === undefined) return {}
  const profiles = Object.entries(await parseToml(path, text))
  const [stray] = profiles.find(([, value]) => !isTable(value)) ?? []
  if (stray !== undefined) throw new Error(`${path}: ${stray} belongs to no profile; put [${usual}] above it`)
  // All are looked at, so that a mistake is found before that profile is needed.
  const known = new Map(profiles.map(([each, keys]) => [each, optionsOf(`${path}: [${each}]`, path, keys as object)]))
  const found = known.get(name ?? usual)
  if (found || name === undefined) return found ?? {}
  const others = known.size > 0 ? `; it has ${[...known.keys()].join(', ')}` : ''
  throw new Error(`${path}: there is no profile ${name}${others}`)
}

function usualFile(env: Wish['env']): string | undefined {
  const home = homeFolder()
  const folder = env.XDG_CONFIG_HOME || (home && join(home, '.config'))
  return folder && join(folder, 'proxyd', 'proxy-tui.toml')
}

async function read(path: string, mayBeMissing: boolean): Promise<string | undefined> {
  try {
    // To open it would start the threads that open files, for 0.5 ms.
    if (mayBeMissing && statSync(path, { throwIfNoEntry: false }) === undefined) return undefined
    refuseForeignLink(path)
    const bytes = await readFileOrPipe(path, mostBytes, (status) => refuseForeignFile(path, status, 0o022))
    return bytes.toString('utf8')
  } catch (error) {
    throw new Error(`cannot read the profiles in ${path}: ${whyNot(error, path, 'name another with --config')}`, {
      cause: error,
    })
  }
}

/** The parser is loaded when there is something to parse. */
async function parseToml(path: string, text: string): Promise<object> {
  const { parse, TomlError } = await import('smol-toml')
  try {
    return parse(text)
  } catch (error) {
    if (!(error instanceof TomlError)) throw error
    // The lines that follow quote the file.
    const [cause] = error.message.split('\n')
    throw new Error(`${path}:${error.line}:${error.column}: ${cause}; mend this line`, { cause: error })
  }
}

function isTable(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === null
}

function optionsOf(place: string, path: string, keys: object): Options {
  const said = Object.entries(keys).map(([key, value]): [OptionName, unknown] => {
    if (!isOptionName(key)) throw new Error(`${place} has an unknown key ${key}; ${hint(key)}`)
    const problem = problemWith(key, value)
    if (problem) throw new Error(`${place} ${key} ${problem}`)
    return [key, options[key].type === 'path' ? placed(path, value as string) : value]
  })
  return Object.fromEntries(said) as Options
}

function hint(key: string): string {
  if (key === 'password') return 'a password has a file of its own: password-file names that'
  const likely = key === 'color' ? 'colour' : key.toLowerCase().replaceAll('_', '-')
  if (isOptionName(likely)) return `it is spelt ${likely}`
  return guessAt(likely, optionNames) ?? `the keys are ${optionNames.join(', ')}`
}

function placed(path: string, text: string): string {
  if (!text.startsWith('~/')) return resolve(dirname(path), text)
  const home = homeFolder()
  if (home === undefined) throw new Error(`${path} names ${text}, but this user has no home folder`)
  return join(home, text.slice(2))
}
