/**
 * What can be said by a flag, by a variable (`PROXY_TUI_` and the name in capitals) and by a profile's key alike, as one
 * table. The order is that of the help.
 */

interface OptionShape {
  readonly type: 'text' | 'path' | 'integer' | 'choice' | 'flag'
  /** What stands for the value in the help; only a flag has none. */
  readonly placeholder?: string
  readonly choices?: readonly string[]
  /** Of an integer, both included. */
  readonly min?: number
  readonly max?: number
  /** As a flag it may come several times. */
  readonly repeats?: true
  readonly summary: string
}

const file = { type: 'path', placeholder: 'FILE' } as const

export const options = {
  host: {
    type: 'text',
    placeholder: 'HOST',
    repeats: true,
    summary: 'where the daemon is managed: a name or an address; repeatable, for several daemons',
  },
  port: {
    type: 'integer',
    placeholder: 'PORT',
    min: 1,
    max: 65_535,
    summary: 'its management port (default: 8080, with TLS 8443)',
  },
  tls: { type: 'flag', summary: 'use TLS; the certificate is always verified' },
  'insecure-plaintext': { type: 'flag', summary: 'go to another machine without TLS, too' },
  'tls-name': { type: 'text', placeholder: 'NAME', summary: 'whose certificate it shows, if it is not for that host' },
  ca: { ...file, summary: 'the authority to trust, or the certificate itself, as PEM' },
  cert: { ...file, summary: 'our certificate, for a daemon that demands one, as PEM' },
  key: { ...file, summary: "our certificate's key, as PEM" },
  operator: { type: 'text', placeholder: 'NAME', summary: 'log in as this operator; asks for the password' },
  'password-file': { ...file, summary: "the operator's password, in a file that others cannot read" },
  'cookie-file': { ...file, summary: "the daemon's cookie, for a login by TCP without a name" },
  socket: { type: 'path', placeholder: 'PATH', repeats: true, summary: 'its Unix socket; repeatable, too' },
  'runtime-dir': {
    type: 'path',
    placeholder: 'DIR',
    summary: 'where its socket and cookie lie, as given to proxyd; it is looked for nowhere else',
  },
  utc: { type: 'flag', summary: "show times, and take those that are typed, as UTC has them, not this machine's zone" },
  'read-only': { type: 'flag', summary: 'show all that the role may see, and change nothing' },
  colour: {
    type: 'choice',
    placeholder: 'WHEN',
    choices: ['auto', 'never'],
    summary: 'auto or never; auto heeds NO_COLOR',
  },
  theme: {
    type: 'choice',
    placeholder: 'NAME',
    choices: ['auto', 'dark', 'light', 'contrast', 'terminal'],
    summary: 'auto (dark or light, as the terminal is), dark, light, contrast, or terminal: its own 16 colours',
  },
  mini: { type: 'flag', summary: 'the app in one to three lines, for a pane beside other work' },
  refresh: { type: 'integer', placeholder: 'HZ', min: 1, max: 4, summary: 'how often a second the screen may change' },
} as const satisfies Record<string, OptionShape>

export type OptionName = keyof typeof options

type ValueOf<S extends OptionShape> = S['type'] extends 'integer'
  ? number
  : S['type'] extends 'flag'
    ? boolean
    : S['choices'] extends readonly string[]
      ? S['choices'][number]
      : string

/** What was said; what was not is missing. */
export type Options = { readonly [Name in OptionName]?: ValueOf<(typeof options)[Name]> }

export const optionNames = Object.keys(options) as OptionName[]

export function isOptionName(text: string): text is OptionName {
  return Object.hasOwn(options, text)
}

/** What an option is one of; empty if that is open, or if there is no such option. */
export function choicesOf(name: string): readonly string[] {
  const shape: OptionShape | undefined = isOptionName(name) ? options[name] : undefined
  return shape?.choices ?? []
}

/** Why `value` cannot be this option's, as the end of a sentence; undefined if it can. */
export function problemWith(name: OptionName, value: unknown): string | undefined {
  const shape: OptionShape = options[name]
  switch (shape.type) {
    case 'text':
    case 'path':
      return typeof value === 'string' && value !== '' ? undefined : 'must be a text that is not empty'
    case 'integer': {
      const { min = 0, max = Number.MAX_SAFE_INTEGER } = shape
      const fits = Number.isInteger(value) && Number(value) >= min && Number(value) <= max
      return fits ? undefined : `must be a whole number from ${min} to ${max}`
    }
    case 'choice':
      return shape.choices?.some((choice) => choice === value) ? undefined : `must be ${shape.choices?.join(' or ')}`
    case 'flag':
      return typeof value === 'boolean' ? undefined : 'must be true or false'
  }
}

/** The value that a flag or a variable means; `problemWith` says whether it will do. */
export function readValue(name: OptionName, text: string): unknown {
  const { type }: OptionShape = options[name]
  if (type === 'integer') return /^\d{1,9}$/.test(text) ? Number(text) : text
  if (type === 'flag') return { true: true, 1: true, yes: true, false: false, 0: false, no: false }[text]
  return text
}
