/** What a text must be; each rule has the words for where it does not hold, which go on behind what the text is. */
export interface TextRules {
  /** Characters, at least and at most. */
  readonly min?: readonly [length: number, otherwise: string]
  readonly max?: readonly [length: number, otherwise: string]
  readonly patterns?: readonly (readonly [pattern: RegExp, otherwise: string])[]
  readonly more?: readonly (readonly [holds: (text: string) => boolean, otherwise: string])[]
}

const wellFormed = [(text: string) => text.isWellFormed(), 'must be well-formed Unicode'] as const
/**
 * Of every name that is new: it shows, and is spelled in the one way that others of its look are (UAX #15), so that no
 * two names look alike for what nobody sees. U+2800 is braille without a dot.
 */
export const newNameRules = {
  patterns: [
    [
      /^[^\p{Default_Ignorable_Code_Point}\p{Bidi_Control}\p{Zl}\p{Zp}\u2800]*$/u,
      'must not contain what cannot be seen',
    ],
  ],
  more: [
    [(text: string) => text === text.normalize('NFC'), 'must be in the Unicode form NFC, such as é in one character'],
  ],
} as const satisfies TextRules

const bytes = [(text: string) => utf8Length(text) <= 255, 'must be at most 255 bytes of UTF-8'] as const

/** Of a SOCKS user's name: 1 to 255 bytes of UTF-8 (RFC 1929, section 2), without control characters. */
export const userNameRules = {
  min: [1, 'must not be empty'],
  patterns: [
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused
    [/^[^\u0000-\u001f\u007f-\u009f]*$/u, 'must not contain control characters'],
  ],
  more: [wellFormed, bytes],
} as const satisfies TextRules

/** Of the name of a user who is new: one that shows, and that nobody mistakes for another with spaces around it. */
export const newUserNameRules: TextRules = {
  ...userNameRules,
  patterns: [
    ...userNameRules.patterns,
    [/[\p{L}\p{N}\p{P}\p{S}]/u, 'must have a letter, a digit or a sign'],
    [/^\S(.*\S)?$/su, 'must not begin or end with a space'],
    ...newNameRules.patterns,
  ],
  more: [...userNameRules.more, ...newNameRules.more],
}

/** Of a SOCKS user's password: 1 to 255 bytes of UTF-8 (RFC 1929, section 2). */
export const userPasswordRules: TextRules = { min: [1, 'must not be empty'], more: [wellFormed, bytes] }

/** Of a named operator's name: 1 to 64 characters; `__` at the front is the daemon's own. */
export const operatorNameRules = {
  max: [64, 'must be at most 64 characters'],
  patterns: [[/^[\p{L}\p{N}][\p{L}\p{N}._@-]*$/u, 'must be letters, digits and ._@-, a letter or digit first']],
} as const satisfies TextRules

/** Of the name of an operator who is new. */
export const newOperatorNameRules: TextRules = {
  ...operatorNameRules,
  patterns: [...operatorNameRules.patterns, ...newNameRules.patterns],
  more: newNameRules.more,
}

/** Of an operator's password: 8 to 255 characters. */
export const operatorPasswordRules: TextRules = {
  min: [8, 'must be at least 8 characters'],
  max: [255, 'must be at most 255 characters'],
  more: [wellFormed],
}

/** Of a text that is kept as it was given, and asked for by, or names a file: PostgreSQL and files have none with NUL in it, nor with half a character. */
export const keptTextRules = {
  more: [wellFormed, [(text: string) => !text.includes('\0'), 'must not contain NUL characters']],
} as const satisfies TextRules

/** Of the name of what is looked out for. */
export const watchNameRules = {
  patterns: [[/^[\w.-]{1,64}$/, 'must be up to 64 letters, digits, dots, dashes and underscores']],
} as const satisfies TextRules

/** Of what it looks out for. */
export const watchTextRules = {
  ...keptTextRules,
  max: [1000, 'must be at most 1000 characters'],
} as const satisfies TextRules

/** What is wrong with a text; null if nothing is. */
export function problemWithText({ min, max, patterns = [], more = [] }: TextRules, text: string): string | null {
  if (min && text.length < min[0]) return min[1]
  if (max && text.length > max[0]) return max[1]
  const unlike = patterns.find(([pattern]) => !pattern.test(text))
  return unlike?.[1] ?? more.find(([holds]) => !holds(text))?.[1] ?? null
}

function utf8Length(text: string): number {
  return new TextEncoder().encode(text).length
}
