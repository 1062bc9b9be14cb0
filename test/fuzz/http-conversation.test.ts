import fc from 'fast-check'
import { expect } from 'vitest'
import { otherConversation } from '../../daemon/engine/shared/protocols.ts'
import type { Conversation, Terms } from '../../daemon/socks/conversation.ts'
import { Command } from '../../daemon/socks/messages.ts'
import { Negotiation } from '../../daemon/socks/negotiation.ts'
import { bytes } from '../helpers/bytes.ts'
import { negotiate } from '../socks/negotiate.ts'
import { fuzz } from './campaign.ts'
import { inputs, pieces } from './input.ts'

const place = fc.oneof(
  fc.constantFrom('one.test', '127.0.0.1', '[::1]', '[::ffff:1.2.3.4]', '::1', ''),
  fc.domain(),
  fc.ipV6().map((literal) => `[${literal}]`),
)
const port = fc.constantFrom('', ':', ':80', ':0', ':65535', ':65536')
const line = fc
  .tuple(
    fc.constantFrom('CONNECT ', 'GET http://', 'POST http://', 'OPTIONS http://', 'GET '),
    fc.constantFrom('', '', '', 'alice@'),
    ...[place, port],
    fc.constantFrom('', '/', '?a', '/a b', '#'),
    fc.constantFrom(' HTTP/1.1', ' HTTP/1.0', ' HTTP/2.0'),
  )
  .map((words) => words.join(''))
const field = fc.constantFrom(
  ...[
    'Host: one.test',
    'Connection: close, Host, x',
    'Connection: Upgrade',
    'Upgrade: websocket',
    'X: y',
    'TE: trailers',
  ],
  ...['Content-Length: 3', 'Content-Length: 03', 'Transfer-Encoding: chunked', 'Transfer-Encoding : x', ' folded'],
  ...['Proxy-Authorization: Basic YWxpY2U6c2VjcmV0', 'Proxy-Authorization: Basic eDp5', 'Proxy-Connection: keep-alive'],
)
const head = fc
  .tuple(line, fc.array(field, { maxLength: 5 }))
  .map(([first, fields]) => `${[first, ...fields].join('\r\n')}\r\n\r\n`)
const http = fc.array(head, { minLength: 1, maxLength: 2 }).map((heads) => bytes(...heads))
const socks4 = fc
  .tuple(fc.constantFrom(1, 1, 2, 3), fc.constantFrom(bytes(127, 0, 0, 1), bytes(0, 0, 0, 1)), fc.domain())
  .map(([command, address, name]) => bytes(4, command, 0, 80, address, 'me', 0, name, 0))

/** As an engine does, whose clients may speak anything. */
const beginBy =
  (first: number) =>
  (terms: Terms): Conversation =>
    otherConversation(bytes(first), terms) ?? new Negotiation(terms)

/** Exactly one head, of one request, that a server cannot read as another. */
const onward =
  /^[!-~]+ (\/[!-~]*|\*) HTTP\/1\.[01]\r\nHost: [\w.:[\]-]+\r\n(?:[!-9;-~]+: [\t -~\x80-\xff]*\r\n)*Connection: close(?:, Upgrade\r\nUpgrade: [^\r\n]*)?\r\n\r\n/

fuzz({
  name: 'http conversation',
  inputs: inputs(fc.oneof({ arbitrary: http, weight: 4 }, { arbitrary: socks4, weight: 1 })),
  runs: 3000,
  async start() {
    return (input) => {
      const { said, passwordRequired } = input
      const begin = beginBy(said[0] ?? 5)
      const whole = negotiate([said], passwordRequired, Object.values(Command), begin)
      expect(negotiate(pieces(input), passwordRequired, Object.values(Command), begin)).toEqual(whole)
      if (!/^[A-Z]/.test(String.fromCharCode(said[0] ?? 0))) return
      const [replies, rest] = [whole.replies, whole.rest].map((hex) => Buffer.from(hex, 'hex').toString('latin1'))
      expect(replies).toMatch(/^(HTTP\/1\.1 (400|407|431|505) |$)/)
      if (!whole.step.includes(' ')) return
      const isTunnel = Buffer.from(said).toString('latin1').startsWith('CONNECT ')
      if (!isTunnel && !passwordRequired) expect(rest).toMatch(onward)
      expect(isTunnel ? '' : rest?.split('\r\n\r\n')[0]).not.toMatch(/^(proxy-authorization|proxy-connection|te):/im)
    }
  },
})
