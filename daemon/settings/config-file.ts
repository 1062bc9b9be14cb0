import { closeSync, fstatSync, openSync, readSync, type Stats } from 'node:fs'
import { parse, TomlError } from 'smol-toml'
import { type Settings, type SettingValue, settings } from '../../shared/settings.ts'
import { errnoOf, Failure } from '../failure.ts'
import { foreignness } from '../foreign-files.ts'
import { problemWith } from './setting-values.ts'

/** A device that never ends would take all memory of the machine. */
const mostBytes = 1 << 20

/**
 * Read a TOML file of settings. Throws a `Failure`: of status 2 if the file cannot be read, or what it says makes no sense;
 * of status 1 if somebody else can have written it, or can read the passwords in it.
 */
export function readConfigFile(path: string): Partial<Settings> {
  const { text, status } = read(path)
  const found: Record<string, SettingValue> = {}
  for (const [key, value] of Object.entries(parseToml(path, text))) {
    if (!isSettingName(key)) throw new Failure(2, `${path}: unknown key ${JSON.stringify(key)}${hint(key)}`)
    const problem = problemWith(key, value)
    if (problem) throw new Failure(2, `${path}: ${key} ${problem}`)
    found[key] = value as SettingValue
  }
  if ('user' in found) refuseOpenSecrets(path, status)
  return found
}

/** The text, if nobody else can have written it. */
function read(path: string): { readonly text: string; readonly status: Stats } {
  let file: number | undefined
  try {
    file = openSync(path, 'r')
    const status = fstatSync(file)
    // A pipe or a device is as its owner made it.
    const reason = status.isFile() ? foreignness(path, status) : undefined
    if (reason) throw new Failure(1, `${reason} (--config names it)`)
    return { text: contentOf(path, file), status }
  } catch (error) {
    if (error instanceof Failure) throw error
    throw new Failure(
      2,
      `cannot read the config file ${path} (${errnoOf(error)}); give --config a file that proxyd may read`,
    )
  } finally {
    if (file !== undefined) closeSync(file)
  }
}

/** Whatever is open as `file`, which may be a pipe of a shell's, up to its end. */
function contentOf(path: string, file: number): string {
  const bytes = Buffer.alloc(mostBytes + 1)
  let length = 0
  for (let read = -1; read !== 0; length += read) read = readSync(file, bytes, length, bytes.length - length, null)
  if (length > mostBytes) throw new Failure(2, `${path} has more than ${mostBytes} bytes: give --config a TOML file`)
  return bytes.toString('utf8', 0, length)
}

/** A group may: that is how a service reads what only root writes. */
function refuseOpenSecrets(path: string, status: Stats): void {
  if (status.isFile() && (status.mode & 0o004) !== 0)
    throw new Failure(1, `${path} holds passwords, and everybody on this machine can read it: chmod o-r ${path}`)
}

function parseToml(path: string, text: string): Record<string, unknown> {
  try {
    return parse(text)
  } catch (error) {
    if (!(error instanceof TomlError)) throw error
    // The lines that follow quote the file, and that may hold passwords.
    const [cause] = error.message.split('\n')
    throw new Failure(2, `${path}:${error.line}:${error.column}: ${cause}; mend this line`)
  }
}

function isSettingName(key: string): key is keyof Settings {
  return Object.hasOwn(settings, key)
}

function hint(key: string): string {
  const likely = key.toLowerCase().replaceAll('_', '-')
  return isSettingName(likely) ? `; it is spelt ${likely}` : '; the keys are the long flags that proxyd --help lists'
}
