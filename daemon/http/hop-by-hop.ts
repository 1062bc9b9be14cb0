/** Fields that are between two hops (RFC 9110, sections 7.6.1 and 11.7), beside those that the field Connection names; in lower case. */
export const betweenHops: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authorization',
  'proxy-authenticate',
  'te',
  'upgrade',
])

/** What no field Connection takes away: the message would mean another thing without it. */
export const lasting: ReadonlySet<string> = new Set(['host', 'content-length', 'transfer-encoding'])

/** What fields Connection name together; more than anybody means are a burden only. */
const mostOptions = 256

/** What fields Connection say, in lower case; undefined if that is too much. */
export function optionsOf(values: readonly string[]): ReadonlySet<string> | undefined {
  const options = values
    .join(',')
    .toLowerCase()
    .split(',', mostOptions + 1)
  return options.length > mostOptions ? undefined : new Set(options.map(trimmed))
}

/** Without the blanks and line ends around it, and nothing else: what looks like a space in latin1 is part of something in UTF-8. */
export function trimmed(text: string): string {
  let [start, end] = [0, text.length]
  while (start < end && isBlank(text[start])) start++
  while (end > start && isBlank(text[end - 1])) end--
  return text.slice(start, end)
}

function isBlank(character: string | undefined): boolean {
  return character === ' ' || character === '\t' || character === '\r' || character === '\n'
}
