import type { Setting } from '../protocol/methods.ts'
import { UsageError } from './usage-error.ts'

const flagWords: Readonly<Record<string, boolean>> = {
  true: true,
  on: true,
  yes: true,
  false: false,
  off: false,
  no: false,
}

/**
 * What `texts`, as typed, mean for this setting: a list takes several, or one with commas, or an empty one for none.
 * Throws `UsageError` if they cannot mean anything; whether the value will do, the daemon knows.
 */
export function settingValue({ name, type, placeholder }: Setting, texts: readonly string[]): Setting['value'] {
  if (type === 'list') return texts.flatMap((text) => (text === '' ? [] : text.split(',').map((item) => item.trim())))
  const [text, ...more] = texts
  if (text === undefined || more.length > 0) throw new UsageError(`${name} takes one value; quote it if it has spaces`)
  switch (type) {
    case 'integer':
      if (!/^-?\d{1,15}$/.test(text)) throw new UsageError(`${name} takes a whole number${unitOf(placeholder)}`)
      return Number(text)
    case 'flag': {
      const flag = Object.hasOwn(flagWords, text) ? flagWords[text] : undefined
      if (flag === undefined) throw new UsageError(`${name} takes true or false`)
      return flag
    }
    default:
      return text
  }
}

function unitOf(placeholder: string | undefined): string {
  return placeholder === 'MS' ? ' of milliseconds' : ''
}
