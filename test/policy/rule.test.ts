import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatRule, parseRules } from '../../daemon/policy/rule.ts'
import { RuleSyntaxError } from '../../daemon/policy/rule-words.ts'

const example = `
# who may do what
deny  to special
allow group:ops to 10.0.0.0/8 port 22,443
allow user:bob to intranet.example resolving 10.1.0.0/16
deny  to *.doubleclick.net
deny  user:kid to @adult
allow group:staff port 80,443,8000-8999
deny  from 203.0.113.0/24
deny  cmd bind,udp-associate   # none of these
allow user:guest to *.example.com port 443 until 2027-01-01
allow to b.example via 192.0.2.1,2001:db8::1,eth0
deny  to any
test  user:bob from 192.0.2.1 metadata.google.internal:80 = deny
`

describe('a text of rules', () => {
  it.each(['\\', '\\"'])('is refused at once for a quote that is not closed, however many %s follow', (piece) => {
    const text = `deny user:"${piece.repeat(100_001)}`
    expect(() => parseRules(text)).toThrow('line 1, column 11: this quote is not closed')
  })

  it('reads as one rule a line, and tests beside them', () => {
    const { rules, tests } = parseRules(example)
    expect(rules.map(formatRule)).toEqual([
      'deny to special',
      'allow group:ops to 10.0.0.0/8 port 22,443',
      'allow user:bob to intranet.example resolving 10.1.0.0/16',
      'deny to *.doubleclick.net',
      'deny user:kid to @adult',
      'allow group:staff port 80,443,8000-8999',
      'deny from 203.0.113.0/24',
      'deny cmd bind,udp-associate # none of these',
      'allow user:guest to *.example.com port 443 until 2027-01-01',
      'allow to b.example via 192.0.2.1,2001:db8::1,eth0',
      'deny to any',
    ])
    expect(tests).toEqual([
      {
        line: 14,
        who: { kind: 'user', name: 'bob' },
        from: '192.0.2.1',
        command: 'connect',
        host: 'metadata.google.internal',
        port: 80,
        resolve: [],
        allow: false,
      },
    ])
  })

  it('takes a name as it is compared, however it is written', () => {
    const written = ['EXAMPLE.com.', 'example.com', 'BÜCHER.example', 'xn--bcher-kva.example.']
    expect(written.map((name) => formatRule(parse(`deny to ${name}`)))).toEqual([
      'deny to example.com',
      'deny to example.com',
      'deny to xn--bcher-kva.example',
      'deny to xn--bcher-kva.example',
    ])
  })

  it('takes any name of a user', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, unit: 'grapheme' }), (name) => {
        fc.pre(!/\p{Cc}/u.test(name) && name.isWellFormed())
        const text = `deny user:${JSON.stringify(name)} port 25`
        expect(parse(text).who).toEqual({ kind: 'user', name })
        expect(parse(formatRule(parse(text)))).toEqual(parse(text))
      }),
      // What ends a line for some is a character like any other.
      { examples: [['\u2028']] },
    )
  })

  it.each([
    ['allowed to any', 1, 'a rule begins with allow or deny'],
    ['deny to', 8, 'a destination is missing here'],
    ['deny to exa mple.com', 13, '"mple.com" is no clause: several destinations have a comma between them'],
    ['DENY to example.com', 1, 'a rule begins with allow or deny: write deny for DENY'],
    ['block to example.com', 1, 'write deny for block'],
    ['deny example.com', 6, '"example.com" is no clause: did you mean: to example.com'],
    ['deny user:bob https://example.com:443', 15, 'did you mean: to example.com port 443'],
    ['deny @list', 6, 'did you mean: to @list'],
    ['deny 22,80-90', 6, 'did you mean: port 22,80-90'],
    ['allow bob', 7, '"bob" is no clause: there are from, to, port, cmd, resolving, until, via; a user is user:bob'],
    ['allow user bob', 7, 'write user:NAME, with a colon'],
    ['deny TO example.com', 6, 'write to in lower case'],
    ['deny to example.com user:bob', 21, 'it comes first, behind allow or deny'],
    ['deny to a.test via 192.0.2.1', 16, 'only what is allowed goes via an address'],
    ['allow via 0.0.0.0', 11, '"0.0.0.0" is no address of this machine or interface'],
    ['deny to 10.0.0.1/8', 9, '"10.0.0.1/8" has bits behind its prefix: write 10.0.0.0/8'],
    ['deny to 10.0.0.0/33', 9, '"10.0.0.0/33" wants a prefix from 0 to 32 behind the slash'],
    ['deny to 1.2.3', 9, '"1.2.3" is no address or network'],
    [
      'deny to *example.com',
      9,
      '"*example.com" is no name, address or network: write example.com, *.example.com, 10.0.0.0/8 or any',
    ],
    [
      'deny to example.com:443',
      9,
      '"example.com:443" is more than a name: write only that, and ports as: to example.com port 443',
    ],
    ['deny to http://example.com/a', 9, '"http://example.com/a" is more than a name'],
    ['deny port 0', 11, '"0" is no port or range of ports from 1 to 65535'],
    ['deny port 9-8', 11, '"9-8" is no port or range of ports from 1 to 65535'],
    ['deny port 80 port 81', 14, 'this was said already'],
    ['deny cmd listen', 10, '"listen" is no command: there are connect, bind, udp-associate'],
    ['deny until tomorrow', 12, '"tomorrow" is no time: write 2027-01-01 or 2027-01-01T12:00Z'],
    ['deny user: port 80', 6, 'user: wants a name behind the colon'],
    ['deny user:"bob port 80', 11, 'this quote is not closed'],
    ['test user:bob example.com = deny', 15, '"example.com" is not HOST:PORT'],
    ['test example.com:80', 20, '= allow or = deny is missing here'],
  ])('%j is refused where it goes wrong', (line, column, message) => {
    const error = catchError(() => parseRules(`\n  \nallow to any\n${line}`))
    expect(error).toBeInstanceOf(RuleSyntaxError)
    expect(error).toMatchObject({ line: 4, column })
    expect((error as Error).message).toContain(message)
  })
})

function parse(line: string) {
  const [rule] = parseRules(line).rules
  if (!rule) throw new Error('no rule')
  return rule
}

function catchError(act: () => unknown): unknown {
  try {
    act()
  } catch (error) {
    return error
  }
  return undefined
}
