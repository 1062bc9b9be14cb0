/** What clients of HTTP are told when they do not get what they asked for (RFC 9110, section 15). */
export interface Status {
  readonly code: number
  readonly phrase: string
  /** Of the field Proxy-Status (RFC 9209, section 2.3); undefined where that has no word for it. */
  readonly error?: string
  /** One line, for people. */
  readonly text: string
}

const loginWanted: Status = {
  code: 407,
  phrase: 'Proxy Authentication Required',
  text: 'this proxy wants a user name and a password',
}

/** RFC 9110, section 9.3.6: nothing but the head, and what follows is the destination's. */
export const tunnelStands = latin1('HTTP/1.1 200 Connection established\r\n\r\n')

/** The reply to a request that comes to nothing, after which the connection ends. */
export function refusal(status: Status): Uint8Array {
  return reply(status, ['Connection: close'])
}

/** The wish for a login by name and password (RFC 7617). `mayGoOn`: the same connection is good for another try. */
export function challenge(mayGoOn: boolean): Uint8Array {
  const wish = 'Proxy-Authenticate: Basic realm="proxyd", charset="UTF-8"'
  return reply(loginWanted, mayGoOn ? [wish] : [wish, 'Connection: close'])
}

function reply({ code, phrase, error, text }: Status, fields: readonly string[]): Uint8Array {
  const lines = [
    `HTTP/1.1 ${code} ${phrase}`,
    ...fields,
    ...(error === undefined ? [] : [`Proxy-Status: proxyd; error=${error}`]),
    'Content-Type: text/plain; charset=utf-8',
    `Content-Length: ${text.length + 1}`,
    '',
    `${text}\n`,
  ]
  return latin1(lines.join('\r\n'))
}

export function latin1(text: string): Uint8Array {
  // A copy, for a Buffer may be a view of Node's common memory.
  return new Uint8Array(Buffer.from(text, 'latin1'))
}
