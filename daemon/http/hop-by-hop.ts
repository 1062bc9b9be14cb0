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
