/** `text` with every unsafe character replaced by one visible character: C0 controls by their pictures, others by `�`. */
export function safeText(text: string): string {
  return withoutUnsafe(text, (character) => {
    const code = character.charCodeAt(0)
    if (code < 0x20) return String.fromCharCode(0x2400 + code)
    return code === 0x7f ? '\u2421' : '\ufffd'
  })
}

/** `value` as JSON on one line, with every unsafe character escaped, so that it is safe to look at and parses the same. */
export function safeJson(value: unknown): string {
  return withoutUnsafe(JSON.stringify(value), (character) =>
    Array.from({ length: character.length }, (_, at) => unicodeEscape(character.charCodeAt(at))).join(''),
  )
}

/**
 * Bytes that somebody sent as a name, as a word that nothing can be hidden in: letters, digits and `._@-` stand for
 * themselves, every other byte is `%` and two hex digits.
 */
export function bareWord(name: Uint8Array): string {
  return Array.from(name, (octet) => {
    const character = String.fromCharCode(octet)
    return /[\w.@-]/.test(character) ? character : `%${octet.toString(16).padStart(2, '0')}`
  }).join('')
}

/** What most text is: to compile the pattern below, with its tables of Unicode, costs a command half a millisecond. */
const plain = /^[ -~]*$/

/**
 * Text from outside (names, hosts, messages) must not move the cursor, colour the screen, turn the writing direction or
 * hide itself: control characters, format characters (bidi controls, zero-width ones, tags), line and paragraph
 * separators, and halves of surrogate pairs.
 */
function withoutUnsafe(text: string, stand: (character: string) => string): string {
  if (plain.test(text)) return text
  unsafe ??= /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu
  return text.replace(unsafe, stand)
}

let unsafe: RegExp | undefined

function unicodeEscape(unit: number): string {
  return `\\u${unit.toString(16).padStart(4, '0')}`
}
