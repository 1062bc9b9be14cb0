import { guessAt } from '../../shared/likeliest.ts'
import { type OptionName, type Options, optionNames, problemWith, readValue } from './options.ts'

const prefix = 'PROXY_TUI_'

/** The variables that say where options are, not what they are. */
const others = ['profile', 'config']

/** The variable that stands for an option, such as `PROXY_TUI_CA`. */
export function variableOf(name: string): string {
  return `${prefix}${name.toUpperCase().replaceAll('-', '_')}`
}

/**
 * What the environment says; a variable that is empty says nothing. Throws an `Error` for people for bad values, and for
 * names that mean nothing: one that is misspelt may be the one that takes rights away.
 */
export function readEnvironment(env: Readonly<Record<string, string | undefined>>): Options {
  const known = [...optionNames, ...others].map(variableOf)
  const stray = Object.keys(env).find((name) => name.startsWith(prefix) && env[name] && !known.includes(name))
  if (stray !== undefined) throw new Error(`there is no variable ${stray}; ${hint(stray, known)}`)
  const said = optionNames.flatMap((name): [OptionName, unknown][] => {
    const text = env[variableOf(name)]
    return text ? [[name, checked(name, readValue(name, text))]] : []
  })
  return Object.fromEntries(said) as Options
}

function checked(name: OptionName, value: unknown): unknown {
  const problem = problemWith(name, value)
  if (problem) throw new Error(`${variableOf(name)} ${problem}`)
  return value
}

function hint(stray: string, known: readonly string[]): string {
  if (stray === variableOf('password'))
    return `a password has a file of its own: ${variableOf('password-file')} names that`
  const letters = (name: string) => name.toUpperCase().replaceAll('_', '').replace('COLOR', 'COLOUR')
  const likely = known.find((name) => letters(name) === letters(stray))
  if (likely !== undefined) return `it is spelt ${likely}`
  return (
    guessAt(
      stray.slice(prefix.length),
      known.map((name) => name.slice(prefix.length)),
      (name) => prefix + name,
    ) ?? `the variables are ${known.join(', ')}`
  )
}
