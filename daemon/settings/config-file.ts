import type { Stats } from 'node:fs'
import { parse, TomlError } from 'smol-toml'
import { whyNot } from '../../shared/file-trouble.ts'
import { guessAt } from '../../shared/likeliest.ts'
import { isSetting, type SettingShape, type Settings, type SettingValue, settings } from '../../shared/settings.ts'
import { isSpan } from '../../shared/span.ts'
import { readFileOrPipe, UnfitFile } from '../../shared/whole-file.ts'
import { Failure } from '../failure.ts'
import { foreignness, unsafePlaceOf } from '../foreign-files.ts'
import { problemWith, readNumber } from './setting-values.ts'

/** Of a config file. */
const mostBytes = 1 << 20

/** Mistakes that are told at once. */
const mostMistakes = 8

/**
 * Read a TOML file of settings. Rejects with a `Failure`: of status 2 if the file cannot be read, or what it says makes no sense;
 * of status 1 if somebody else can have written it, or can read what is secret in it. A pipe out of which nothing comes is waited for
 * `patience` milliseconds, or as long as `readFileOrPipe` does.
 */
export async function readConfigFile(path: string, patience?: number): Promise<Partial<Settings>> {
  const { text, isPublic } = await read(path, patience)
  const found: Record<string, SettingValue> = {}
  const mistakes: string[] = []
  for (const [key, written] of Object.entries(parseToml(path, text))) {
    if (!isSetting(key)) {
      mistakes.push(`unknown key ${JSON.stringify(key)}${hint(key)}`)
      continue
    }
    const value = isTimeInWords(key, written) ? readNumber(settings[key], written) : written
    const problem = problemWith(key, value)
    if (problem) mistakes.push(`${key} ${problem}`)
    found[key] = value as SettingValue
  }
  if (mistakes.length > 0) throw new Failure(2, `${path}: ${mistakes.slice(0, mostMistakes).join('; ')}`)
  const secret = Object.entries(settings).find(([name, shape]) => 'secret' in shape && name in found)?.[0]
  if (secret !== undefined && isPublic)
    throw new Failure(1, `${path} holds ${secret}, and everybody on this machine can read it: chmod o-r ${path}`)
  return found
}

/** A number is written as one, but a time may be, as in `timeout-idle = "1h"`. */
function isTimeInWords(key: keyof Settings, written: unknown): written is string {
  const { placeholder }: SettingShape = settings[key]
  return typeof written === 'string' && isSpan(placeholder)
}

/** The text, if nobody else can have written it, and whether everybody can read it. A group may: so a service reads root's file. */
async function read(path: string, patience?: number): Promise<{ readonly text: string; readonly isPublic: boolean }> {
  let isPublic = false
  try {
    const judge = (status: Stats) => {
      // A pipe or a device is as its owner made it.
      if (!status.isFile()) return
      const reason = foreignness(path, status) ?? unsafePlaceOf(path)
      if (reason) throw new Failure(1, `${reason} (--config names it)`)
      isPublic = (status.mode & 0o004) !== 0
    }
    const bytes = await readFileOrPipe(path, mostBytes, judge, patience)
    return { text: bytes.toString('utf8'), isPublic }
  } catch (error) {
    if (error instanceof Failure) throw error
    if (error instanceof UnfitFile) throw new Failure(2, `${path} ${error.message}: give --config a TOML file`)
    throw new Failure(2, `cannot read the config file ${path}: ${whyNot(error, path, 'name another with --config')}`)
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

function hint(key: string): string {
  const likely = key.toLowerCase().replaceAll('_', '-')
  if (isSetting(likely)) return `; it is spelt ${likely}`
  return `; ${guessAt(likely, Object.keys(settings)) ?? 'the keys are the long flags that proxyd --help lists'}`
}
