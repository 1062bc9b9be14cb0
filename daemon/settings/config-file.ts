import { readFileSync } from 'node:fs'
import { parse, TomlError } from 'smol-toml'
import { type Settings, type SettingValue, settings } from '../../shared/settings.ts'
import { errnoOf, Failure } from '../failure.ts'
import { problemWith } from './setting-values.ts'

/**
 * Read a TOML file of settings. Throws a `Failure` of status 2 if the file cannot be read, or what it says makes no
 * sense.
 */
export function readConfigFile(path: string): Partial<Settings> {
  const found: Record<string, SettingValue> = {}
  for (const [key, value] of Object.entries(parseToml(path, read(path)))) {
    if (!isSettingName(key)) throw new Failure(2, `${path}: unknown key ${JSON.stringify(key)}${hint(key)}`)
    const problem = problemWith(key, value)
    if (problem) throw new Failure(2, `${path}: ${key} ${problem}`)
    found[key] = value as SettingValue
  }
  return found
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw new Failure(
      2,
      `cannot read the config file ${path} (${errnoOf(error)}); give --config a file that proxyd may read`,
    )
  }
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
