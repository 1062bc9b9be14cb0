import { type OptionName, type Options, optionNames, problemWith, readValue } from './options.ts'

/** The variable that stands for an option, such as `PROXY_TUI_CA`. */
export function variableOf(name: string): string {
  return `PROXY_TUI_${name.toUpperCase().replaceAll('-', '_')}`
}

/** What the environment says; a variable that is empty says nothing. Throws an `Error` for people for bad values. */
export function readEnvironment(env: Readonly<Record<string, string | undefined>>): Options {
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
