import { type SettingShape, type SettingValue, settings } from '../../shared/settings.ts'
import { isSpan, spanText } from '../../shared/span.ts'

/** A config file in which all settings stand as they are by default, or with what their value is in words, as comments. */
export function sampleConfig(): string {
  const lines = Object.entries(settings).map(([name, shape]) => `\n# ${help(shape)}\n#${name} = ${exampleOf(shape)}\n`)
  return `${head}${lines.join('')}`
}

const head = `# Settings of proxyd, as they are by default. To change one, take the # off its line; proxyd --check tells whether all is well.
# SIGHUP and proxy-tui --exec reload read this file again. What is marked with (start) counts from the next restart or upgrade on.
`

function help({ summary, choices, runtime }: SettingShape): string {
  return `${summary}${choices ? ` (${choices.join(', ')})` : ''}${runtime ? '' : ' (start)'}`
}

/** As TOML. Of text without a default, such as the name of a file, what is to be put there. */
function exampleOf({ default: value, placeholder = '' }: SettingShape): string {
  if (typeof value === 'number' && isSpan(placeholder) && value > 0) return toml(spanText(value, placeholder))
  return toml(value === '' ? placeholder : value)
}

function toml(value: SettingValue): string {
  return typeof value === 'object' ? `[${value.map(toml).join(', ')}]` : JSON.stringify(value)
}
