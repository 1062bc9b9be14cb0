import { describe, expect, it } from 'vitest'
import { HttpConversation } from '../../daemon/http/http-conversation.ts'
import type { Terms } from '../../daemon/socks/conversation.ts'
import { Command } from '../../daemon/socks/messages.ts'
import { bytes } from '../helpers/bytes.ts'
import { negotiate } from '../socks/negotiate.ts'

const begin = (terms: Terms) => new HttpConversation(terms)

/** What comes of these bytes: the codes of the replies, the step, and what goes on. */
function hear(chunks: readonly Uint8Array[], passwordRequired: boolean, commands: readonly Command[]) {
  const { replies, step, rest } = negotiate(chunks, passwordRequired, commands, begin)
  const text = Buffer.from(replies, 'hex').toString('latin1')
  const codes = [...text.matchAll(/^HTTP\/1\.1 (\d+) /gm)].map(([, code]) => code).join(' ')
  return { codes, step, rest: Buffer.from(rest, 'hex').toString('latin1'), text }
}

/** The same whole, a byte at a time, and in two pieces cut anywhere near the end of the head. */
function expectOf(said: string, passwordRequired = false, commands: readonly Command[] = [Command.connect]) {
  const input = bytes(said)
  const whole = hear([input], passwordRequired, commands)
  const single = Array.from(input, (octet) => bytes(octet))
  expect(hear(single, passwordRequired, commands)).toEqual(whole)
  for (let cut = Math.max(0, input.length - 6); cut < input.length; cut++)
    expect(hear([input.subarray(0, cut), input.subarray(cut)], passwordRequired, commands)).toEqual(whole)
  const { codes, step, rest } = whole
  return expect([codes, step, rest].filter((part) => part !== '').join(' | '))
}

const crlf = (...lines: readonly string[]) => `${lines.join('\r\n')}\r\n\r\n`
const connectTo = (place: string, ...fields: readonly string[]) => crlf(`CONNECT ${place} HTTP/1.1`, ...fields)
const get = (target: string, ...fields: readonly string[]) => crlf(`GET ${target} HTTP/1.1`, ...fields)
const basic = (login: string) => `Proxy-Authorization: Basic ${Buffer.from(login).toString('base64')}`

describe('CONNECT', () => {
  it.each([
    ['one.test:443', 'name one.test 443'],
    ['ONE.test.:443', 'name one.test 443'],
    ['127.0.0.1:1', '7f000001 1'],
    ['[::1]:65535', `${'0'.repeat(31)}1 65535`],
    ['[::ffff:127.0.0.1]:80', '7f000001 80'],
    [`${'a'.repeat(255)}:80`, `name ${'a'.repeat(255)} 80`],
  ])('leads to %s', (place, step) => expectOf(connectTo(place, `Host: ${place}`)).toBe(step))

  it('leaves what follows to the destination', () =>
    expectOf(`${connectTo('one.test:443')}GET / HTTP/1.1\r\n\n\0`).toBe('name one.test 443 | GET / HTTP/1.1\r\n\n\0'))

  it.each([
    ...['one.test', 'one.test:', 'one.test:0', 'one.test:65536', 'one.test:100080', 'one.test:8o', ':80'],
    ...['::1:80', '[::1]', '[::1', '[::1]x:80', '[127.0.0.1]:80', '[one.test]:80', '[fe80::1%25lo]:80', '[]:80'],
    ...['alice@one.test:80', 'a:b@one.test:80', 'http://one.test:80', 'one..test:80', '.one:80', '"one":80'],
    `${'a'.repeat(256)}:80`,
  ])('is refused for %s', (place) => expectOf(connectTo(place)).toBe('400 | malformed'))

  it('is refused where the settings leave it out', () => {
    expectOf(connectTo('one.test:443'), false, []).toBe('403 | unsupported')
  })
})

describe('a request in absolute form', () => {
  const onward = (...lines: readonly string[]) => `name one.test 80 | ${crlf(...lines)}`

  it.each([
    ['http://one.test/a?b', '/a?b'],
    ['http://one.test', '/'],
    ['HTTP://one.test?b', '/?b'],
    ['http://one.test:/%20//', '/%20//'],
  ])('goes on in origin form: %s', (target, path) => {
    const host = target.includes('one.test:') ? 'one.test:' : 'one.test'
    expectOf(get(target)).toBe(onward(`GET ${path} HTTP/1.1`, `Host: ${host}`, 'Connection: close'))
  })

  it('goes on without what is between client and proxy, and with the rest as it is', () => {
    const head = crlf(
      'POST http://one.test/ HTTP/1.1',
      'hOST: other.test',
      'Proxy-Connection: keep-alive',
      'Connection: X-Mine , close,Content-Length',
      'Keep-Alive: 5',
      'TE: trailers',
      'x-mine: 1',
      basic('alice:secret'),
      'Content-Length:  3 ',
      'X-Yours:\t a  b: c\xa0 ',
      'Empty:',
    )
    const passed = ['POST / HTTP/1.1', 'Host: one.test', 'content-length: 3', 'x-yours: a  b: c\xa0', 'empty: ']
    expectOf(`${head}abc`).toBe(`${onward(...passed, 'Connection: close')}abc`)
  })

  it('asks for another protocol if the client does', () =>
    expectOf(get('http://one.test/', 'Connection: upgrade', 'Upgrade: WebSocket')).toBe(
      onward('GET / HTTP/1.1', 'Host: one.test', 'Connection: close, Upgrade', 'Upgrade: WebSocket'),
    ))

  it.each([
    ['OPTIONS http://one.test HTTP/1.0', 'OPTIONS * HTTP/1.0'],
    ['OPTIONS http://one.test/ HTTP/1.1', 'OPTIONS / HTTP/1.1'],
    ['M-SEARCH http://one.test/ HTTP/1.1', 'M-SEARCH / HTTP/1.1'],
  ])('keeps its method and version: %s', (line, passed) =>
    expectOf(crlf(line)).toBe(onward(passed, 'Host: one.test', 'Connection: close')),
  )

  it('passes a body in chunks on', () =>
    expectOf(`${crlf('PUT http://one.test/ HTTP/1.1', 'Transfer-Encoding: Chunked')}0\r\n\r\n`).toBe(
      `${onward('PUT / HTTP/1.1', 'Host: one.test', 'transfer-encoding: Chunked', 'Connection: close')}0\r\n\r\n`,
    ))

  it.each([
    ...[
      'http:///',
      'http://one.test:0/',
      'http://one.test:65536/',
      'http://::1/',
      'http://[::1/',
      'http://a@one.test/',
    ],
    ...['http://a:b@one.test/', 'http://one.test/#x', 'https://one.test/', 'ftp://one.test/', 'http:one.test'],
    ...['one.test:80', 'http://one.test/\xe9'],
  ])('is refused for %s', (target) => expectOf(get(target, 'Host: one.test')).toBe('400 | malformed'))
})

describe('a head', () => {
  const line = 'GET http://one.test/ HTTP/1.1\r\n'

  it.each([
    ['a bare LF at the end of a line', 'GET http://one.test/ HTTP/1.1\n\n'],
    ['a bare LF in a field', `${line}A: b\nC: d\r\n\r\n`],
    ['a bare CR in a field', `${line}A: b\rC: d\r\n\r\n`],
    ['two CRs', `${line}A: b\r\r\n\r\n`],
    ['a NUL', `${line}A: b\0\r\n\r\n`],
    ['DEL', `${line}A: \x7f\r\n\r\n`],
    ['a field that goes on in the next line', `${line}A: b\r\n c\r\n\r\n`],
    ['a first field that begins with a blank', `${line} A: b\r\n\r\n`],
    ['a blank before the colon', `${line}Host : one.test\r\n\r\n`],
    ['a tab before the colon', `${line}Host\t: one.test\r\n\r\n`],
    ['no colon', `${line}Host\r\n\r\n`],
    ['no name', `${line}: one.test\r\n\r\n`],
    ['two Hosts', `${line}Host: one.test\r\nhost: one.test\r\n\r\n`],
    ['a length beside chunks', `${line}Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n`],
    ['two lengths', `${line}Content-Length: 1\r\nContent-Length: 1\r\n\r\n`],
    ['two lengths in one', `${line}Content-Length: 1, 1\r\n\r\n`],
    ['a negative length', `${line}Content-Length: -1\r\n\r\n`],
    ['a length with a sign', `${line}Content-Length: +1\r\n\r\n`],
    ['an empty length', `${line}Content-Length:\r\n\r\n`],
    ['another coding', `${line}Transfer-Encoding: gzip, chunked\r\n\r\n`],
    ['two codings', `${line}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n`],
    ['chunks in HTTP/1.0', 'GET http://one.test/ HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n'],
    ['two logins', `${line}${basic('a:b')}\r\n${basic('a:b')}\r\n\r\n`],
    ['no version', 'GET http://one.test/\r\n\r\n'],
    ['four words', 'GET http://one.test/ x HTTP/1.1\r\n\r\n'],
    ['two blanks', 'GET  http://one.test/ HTTP/1.1\r\n\r\n'],
    ['what another protocol says', 'EHLO one.test\r\n\r\n'],
    ['no method', 'G(T http://one.test/ HTTP/1.1\r\n\r\n'],
  ])('is refused for %s', (_, said) => expectOf(said).toBe('400 | malformed'))

  it.each(['PRI * HTTP/2.0\r\n', 'GET http://one.test/ HTTP/3.0\r\n'])('of another version: %j', (said) => {
    expectOf(said).toBe('505 | unsupported')
  })

  it('may be 64 KiB long, and no byte more', () => {
    const padded = (length: number) => `${line}A: ${'a'.repeat(length - line.length - 7)}\r\n\r\n`
    const of = (said: string) => hear([bytes(said)], false, [Command.connect])
    expect(of(padded(65_536))).toMatchObject({ codes: '', step: 'name one.test 80' })
    expect(of(padded(65_537))).toMatchObject({ codes: '431', step: 'unsupported' })
    expect(
      hear(
        Array.from(bytes(padded(65_537)), (octet) => bytes(octet)),
        false,
        [],
      ),
    ).toMatchObject({ codes: '431' })
  })

  it('may have 512 lines, and not one more', () => {
    const of = (fields: number) => hear([bytes(`${line}${'a:\r\n'.repeat(fields)}\r\n`)], false, [Command.connect])
    expect(of(510)).toMatchObject({ codes: '', step: 'name one.test 80' })
    expect(of(511)).toMatchObject({ codes: '431', step: 'unsupported' })
  })

  it('may have 256 options of Connection, all fields together, and not one more', () => {
    const of = (options: number) => {
      const fields = `Connection: ${'a,'.repeat(options - 2)}a\r\nProxy-Connection: b\r\n`
      return hear([bytes(`${line}${fields}\r\n`)], false, [Command.connect])
    }
    expect(of(256)).toMatchObject({ codes: '', step: 'name one.test 80' })
    expect(of(257)).toMatchObject({ codes: '400', step: 'malformed' })
  })

  it('is read in little time, however many blanks there are', () => {
    const { step } = hear([bytes(`${line}A: ${' '.repeat(60_000)}x\r\n\r\n`)], false, [Command.connect])
    expect(step).toBe('name one.test 80')
  })
})

describe('where a password is required', () => {
  const asked = connectTo('one.test:443')
  const loggedIn = connectTo('one.test:443', basic('alice:secret'))

  it('lets in who gives it', () => {
    expectOf(loggedIn, true).toBe('name one.test 443')
    expectOf(loggedIn.replace('Basic ', 'bAsIc  '), true).toBe('name one.test 443')
    expectOf(get('http://one.test/', basic('alice:secret')), true).toBe(
      'name one.test 80 | GET / HTTP/1.1\r\nHost: one.test\r\nConnection: close\r\n\r\n',
    )
  })

  it('asks for it, and hears the next head', () => {
    expectOf(asked, true).toBe('407 | more')
    expectOf(`${asked}${loggedIn}hello`, true).toBe('407 | name one.test 443 | hello')
    const { text } = hear([bytes(asked)], true, [Command.connect])
    expect(text).toContain('\r\nProxy-Authenticate: Basic realm="proxyd", charset="UTF-8"\r\n')
    expect(text).not.toContain('Connection: close')
  })

  it('asks once', () => expectOf(`${asked}${asked}`, true).toBe('407 407 | denied'))

  it.each([
    ['with a wrong one', connectTo('one.test:443', basic('alice:wrong'))],
    ['with a body', crlf('POST http://one.test/ HTTP/1.1', 'Content-Length: 1')],
    ['with a body in chunks', crlf('POST http://one.test/ HTTP/1.1', 'Transfer-Encoding: chunked')],
    ['who would close', connectTo('one.test:443', 'Connection: close')],
    ['of HTTP/1.0', 'CONNECT one.test:443 HTTP/1.0\r\n\r\n'],
    ['with HEAD', crlf('HEAD http://one.test/ HTTP/1.1')],
  ])('sends away who comes %s', (_, said) => {
    expectOf(said, true).toBe('407 | denied')
    expect(hear([bytes(said)], true, [Command.connect]).text).toContain('\r\nConnection: close\r\n')
  })

  it.each([
    ...['Basic', 'Basic !!!', 'Basic YWxpY2U=', 'Bearer YWxpY2U6c2VjcmV0', `Basic ${btoa(':secret')}`],
    ...[`Basic ${btoa('alice:')}`, `Basic ${btoa(`${'a'.repeat(256)}:b`)}`, `Basic ${btoa(`a:${'b'.repeat(256)}`)}`],
  ])('takes %s for no login', (value) =>
    expectOf(connectTo('one.test:443', `Proxy-Authorization: ${value}`), true).toBe('407 | more'),
  )

  // Whatever the page has it send besides.
  it.each([
    get('/', 'Host: 127.0.0.1:1080'),
    get('//one.test/', 'Host: 127.0.0.1:1080', 'A: \x01'),
    get('/', 'Upgrade: websocket', 'Connection: Upgrade'),
    crlf('OPTIONS * HTTP/1.1', 'Access-Control-Request-Method: chicken'),
    connectTo('/'),
    crlf('!chicken /proxy.pac HTTP/1.1', 'Content-Length: 1'),
  ])('tells a page in a browser nothing but that this is a proxy: %j', (said) =>
    expectOf(said, true).toBe('400 | unsupported'),
  )
})
