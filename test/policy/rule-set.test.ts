import fc from 'fast-check'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { isLoopback, parseAddress } from '../../daemon/net/address.ts'
import { contains, type Network } from '../../daemon/net/network.ts'
import { compileRules, Who, writeSubjects } from '../../daemon/policy/compile.ts'
import { parseRules, type Rule } from '../../daemon/policy/rule.ts'
import { BuiltIn, firstRulePlace, RuleSet, type Subject } from '../../daemon/policy/rule-set.ts'
import { isSpecial } from '../../daemon/policy/special.ts'
import { numbered } from '../helpers/rules.ts'

const users = ['ann', 'bob', 'kid', 'guest']
const groups = ['ops', 'staff']
const indexOf = (kind: 'user' | 'group', name: string) => {
  const index = (kind === 'user' ? users : groups).indexOf(name)
  return index < 0 ? undefined : index + 1
}

function ruleSet(text: string): RuleSet {
  return new RuleSet(compileRules(numbered(text), indexOf))
}

function bytes(literal: string): Uint8Array {
  const address = parseAddress(literal)
  if (!address) throw new Error(literal)
  return address.bytes
}

const stranger = (user = '', group = ''): Subject => ({
  user: users.indexOf(user) + 1,
  group: groups.indexOf(group) + 1,
  source: bytes('192.0.2.1'),
  command: 1,
})
const local: Subject = { ...stranger(), source: bytes('127.0.0.1') }

/** What becomes of a request, as an engine asks: first by name, then each address. */
function ask(set: RuleSet, subject: Subject, host: string, port: number, ...resolved: readonly string[]): number {
  const literal = parseAddress(host)
  if (literal) return set.decideAddress(subject, undefined, literal.bytes, port, 0)
  const byName = set.decideName(subject, host, port, 0)
  if (byName < 0 || resolved[0] === undefined) return byName
  return set.decideAddress(subject, host, bytes(resolved[0]), port, 0)
}

describe('rules', () => {
  it('allow everything but special addresses if there are none', () => {
    const set = ruleSet('')
    expect(ask(set, stranger(), 'example.com', 80, '93.184.216.34')).toBe(BuiltIn.none)
    expect(ask(set, stranger(), '10.0.0.1', 80)).toBe(-BuiltIn.special)
    expect(ask(set, stranger(), 'rebind.example', 80, '127.0.0.1')).toBe(-BuiltIn.special)
    expect(ask(set, stranger(), '64:ff9b::a00:1', 80)).toBe(-BuiltIn.special)
    expect(ask(set, stranger(), '2002:a00:1::1', 80)).toBe(-BuiltIn.special)
    expect(ask(set, stranger(), '64:ff9b:1:a9fe:a9:fe00:808:808', 80)).toBe(-BuiltIn.special)
    expect(ask(set, local, '10.0.0.1', 80)).toBe(BuiltIn.none)
  })

  it('open special addresses only by naming them', () => {
    const set = ruleSet(
      'allow to any\nallow to *.lan\nallow to 192.168.0.0/16\nallow to intranet.example resolving 10.1.0.0/16',
    )
    expect(ask(set, stranger(), '192.168.1.1', 80)).toBe(firstRulePlace + 2)
    expect(ask(set, stranger(), 'nas.lan', 80, '192.168.1.1')).toBe(firstRulePlace + 2)
    expect(ask(set, stranger(), 'nas.lan', 80, '10.0.0.1')).toBe(-BuiltIn.special)
    expect(ask(set, stranger(), 'intranet.example', 80, '10.1.2.3')).toBe(firstRulePlace + 3)
    expect(ask(set, stranger(), 'intranet.example', 80, '10.2.2.3')).toBe(-BuiltIn.special)
    expect(ask(set, stranger(), '93.184.216.34', 80)).toBe(firstRulePlace)
  })

  it('on networks hold for names, too, and never pass over a rule on the name', () => {
    const set = ruleSet(
      'allow to 93.184.0.0/16\ndeny to bad.example\ndeny to 8.8.8.0/24\nallow to good.example\ndeny to any',
    )
    expect(ask(set, stranger(), 'bad.example', 80, '93.184.216.34')).toBe(-(firstRulePlace + 1))
    expect(ask(set, stranger(), 'good.example', 80, '8.8.8.8')).toBe(-(firstRulePlace + 2))
    expect(ask(set, stranger(), 'good.example', 80, '9.9.9.9')).toBe(firstRulePlace + 3)
    expect(ask(set, stranger(), 'other.example', 80, '93.184.216.34')).toBe(firstRulePlace)
    expect(ask(set, stranger(), 'other.example', 80, '9.9.9.9')).toBe(-(firstRulePlace + 4))
  })

  it('on names do not trust an address of the client', () => {
    const set = ruleSet('allow to good.example\ndeny to any')
    expect(ask(set, stranger(), '9.9.9.9', 80)).toBe(-(firstRulePlace + 1))
  })

  it('deny a name before it is looked up where no network could allow it', () => {
    const set = ruleSet('allow user:bob to 93.184.0.0/16\ndeny to any')
    expect(set.decideName(stranger('ann'), 'example.com', 80, 0)).toBe(-(firstRulePlace + 1))
    expect(set.decideName(stranger('bob'), 'example.com', 80, 0)).toBe(BuiltIn.none)
  })

  it('know names below a name from the name itself', () => {
    const set = ruleSet('deny to *.below.example\ndeny to .both.example\ndeny to exact.example')
    const decisions = ['below.example', 'a.b.below.example', 'notbelow.example', 'both.example', 'x.both.example']
    expect(decisions.map((name) => ask(set, stranger(), name, 80))).toEqual([0, -4, 0, -5, -5])
    expect(['exact.example', 'x.exact.example'].map((name) => ask(set, stranger(), name, 80))).toEqual([-6, 0])
  })

  it.each([
    '::ffff:10.0.0.1',
    '64:ff9b::10.0.0.1',
    '64:ff9b:1::10.0.0.1',
    '64:ff9b:1:a00:0:100:808:808',
    '64:ff9b:1:f00a:0:1:808:808',
    '64:ff9b:1:f00f:a:0:108:808',
    '2002:a00:1::1',
    '2001:0:a00:1::',
    '2001::f5ff:fffe',
    '::10.0.0.1',
    '::ffff:0:10.0.0.1',
    '2400:1::5efe:10.0.0.1',
    '2400:1::200:5efe:10.0.0.1',
  ])('on an IPv4 network hold for it inside %s, whoever asks', (address) => {
    const set = ruleSet('deny to 10.0.0.0/8')
    for (const subject of [local, stranger()]) expect(ask(set, subject, address, 80)).toBeLessThan(0)
    expect(ask(set, local, 'rebound.example', 80, address)).toBe(-firstRulePlace)
  })

  it('that open a NAT64 of the network open hosts behind it, and no special ones', () => {
    const set = ruleSet('allow to 64:ff9b:1::/48')
    expect(ask(set, stranger(), '64:ff9b:1::93.184.216.34', 80)).toBe(firstRulePlace)
    expect(ask(set, stranger(), '64:ff9b:1:5db8:d8:2200::', 80)).toBe(firstRulePlace)
    expect(ask(set, stranger(), '64:ff9b:1::10.0.0.1', 80)).toBe(-BuiltIn.special)
    expect(ask(set, stranger(), '64:ff9b:1:a9fe:a9:fe00::', 80)).toBe(-BuiltIn.special)
  })

  it.each([
    ['2027-01-01', '2027-01-01T00:00Z'],
    ['2027-01-01T12:00', '2027-01-01T12:00Z'],
    ['2027-01-01T12:00+02:00', '2027-01-01T10:00Z'],
  ])('end at their time, %s, which is of UTC where it names no zone', (until, utc) => {
    vi.stubEnv('TZ', 'America/New_York')
    onTestFinished(() => void vi.unstubAllEnvs())
    const set = ruleSet(`deny to any until ${until}`)
    const end = Date.parse(utc)
    const at = (now: number) => set.decideAddress(stranger(), undefined, bytes('9.9.9.9'), 80, now)
    expect([at(end - 1), at(end)]).toEqual([-firstRulePlace, 0])
  })

  it('are about nobody while there is no such user, and follow the users', () => {
    const { rules } = parseRules('deny user:carol to any')
    const buffer = compileRules(numbered('deny user:carol to any'), indexOf)
    const set = new RuleSet(buffer)
    const carol = { ...stranger(), user: 9 }
    expect(ask(set, carol, '9.9.9.9', 80)).toBe(0)
    writeSubjects(buffer, rules, () => 9)
    expect(ask(set, carol, '9.9.9.9', 80)).toBe(-firstRulePlace)
    writeSubjects(buffer, rules, () => undefined)
    expect(ask(set, carol, '9.9.9.9', 80)).toBe(0)
  })

  it('are about whom they are about all the while, though others come and go', () => {
    const text = 'deny user:ann to any\ndeny to 9.0.0.0/8\ndeny user:carol to any'
    const buffer = compileRules(numbered(text), indexOf)
    const written = vi.spyOn(Atomics, 'store')
    onTestFinished(() => written.mockRestore())
    writeSubjects(buffer, parseRules(text).rules, (kind, name) => (name === 'carol' ? 9 : indexOf(kind, name)))
    const nobody = written.mock.calls.filter(([, , value]) => Number(value) === Who.nobody)
    expect(nobody).toHaveLength(1)
  })

  it('that are about anything and about a name deny the name before it is looked up', () => {
    const set = ruleSet('allow to 9.0.0.0/8\ndeny to any,.a.example')
    expect(set.decideName(stranger(), 'a.example', 80, 0)).toBe(-(firstRulePlace + 1))
    expect(set.decideName(stranger(), 'b.example', 80, 0)).toBe(BuiltIn.none)
  })

  it('decide as a reading line by line does', () => {
    const texts = fc.array(ruleTexts(), { maxLength: 12 })
    fc.assert(
      fc.property(texts, requests(), (lines, { subject, name, address, port }) => {
        const text = lines.join('\n')
        const set = ruleSet(text)
        const { rules } = parseRules(text)
        expect(set.decideName(subject, name, port, 0)).toBe(byName(rules, subject, name, port))
        for (const asked of [name, undefined])
          expect(set.decideAddress(subject, asked, address, port, 0)).toBe(
            byAddress(rules, subject, asked, address, port),
          )
      }),
      { numRuns: 1_000 },
    )
  })

  it('on wide networks and on narrow ones inside take the memory that they are written with', () => {
    const bytesOf = (rules: number) => {
      const wide = Array.from({ length: rules }, (_, i) => `deny to 10.0.0.0/8 port ${i + 1}`)
      const narrow = Array.from({ length: rules }, (_, i) => `deny to 10.${i >> 6}.${(i & 63) * 4}.0/24`)
      return compileRules(numbered([...wide, ...narrow].join('\n')), indexOf).byteLength
    }
    expect(bytesOf(800)).toBeLessThan(2.1 * bytesOf(400))
  })

  it('of a hundred thousand networks and as many names are compiled and found', () => {
    const networks = Array.from(
      { length: 100_000 },
      (_, i) => `deny to ${11 + (i >> 14)}.${(i >> 6) & 255}.${(i & 63) * 4}.0/23`,
    )
    const names = Array.from({ length: 100_000 }, (_, i) => `deny to *.host-${i}.example`)
    const set = ruleSet([...networks, ...names].join('\n'))
    expect(ask(set, stranger(), '11.0.8.9', 80)).toBe(-(firstRulePlace + 2))
    expect(ask(set, stranger(), '11.0.10.9', 80)).toBe(0)
    expect(ask(set, stranger(), 'a.b.host-99999.example', 80)).toBe(-(firstRulePlace + 199_999))
    expect(ask(set, stranger(), 'a.b.host-100000.example', 80)).toBe(0)
  })
})

/** The oracle: every rule is looked at, in order. */
function matches(rule: Rule, subject: Subject, port: number): boolean {
  const { who, from, ports, commands } = rule
  if (who.kind !== 'any' && indexOf(who.kind, who.name) !== (who.kind === 'user' ? subject.user : subject.group))
    return false
  if (from.length > 0 && !from.some((network) => contains(network, subject.source))) return false
  if (ports.length > 0 && !ports.some(({ first, last }) => port >= first && port <= last)) return false
  return (
    commands.length === 0 ||
    commands.includes((['', 'connect', 'bind', 'udp-associate'] as const)[subject.command] as 'bind')
  )
}

function isNamed(rule: Rule, name: string): boolean {
  return rule.to.some((to) => {
    if (to.kind !== 'name') return false
    return (to.match !== 'below' && to.name === name) || (to.match !== 'exact' && name.endsWith(`.${to.name}`))
  })
}

function isAddressed(rule: Rule, address: Uint8Array): boolean {
  return rule.to.some(
    (to) => (to.kind === 'network' && contains(to.network, address)) || (to.kind === 'special' && isSpecial(address)),
  )
}

const isForAny = (rule: Rule) => rule.to.length === 0 || rule.to.some(({ kind }) => kind === 'any')
const resolves = ({ resolving }: Rule, address: Uint8Array) =>
  resolving.length === 0 || resolving.some((network: Network) => contains(network, address))

function byName(rules: readonly Rule[], subject: Subject, name: string, port: number): number {
  let isOpen = false
  for (const [i, rule] of rules.entries()) {
    if (!matches(rule, subject, port)) continue
    const named = isNamed(rule, name)
    if ((named || isForAny(rule)) && (rule.resolving.length === 0 || rule.allow)) {
      if (rule.allow) return firstRulePlace + i
      return isOpen && !named ? 0 : -(firstRulePlace + i)
    }
    if (rule.allow && rule.to.some(({ kind }) => kind === 'network' || kind === 'special')) isOpen = true
  }
  return 0
}

function byAddress(
  rules: readonly Rule[],
  subject: Subject,
  name: string | undefined,
  address: Uint8Array,
  port: number,
): number {
  const isGuarded = isSpecial(address) && !isLoopback(subject.source)
  for (const [i, rule] of rules.entries()) {
    if (!matches(rule, subject, port) || !resolves(rule, address)) continue
    const general = isForAny(rule) || (name !== undefined && isNamed(rule, name))
    if (!isAddressed(rule, address) && !(general && !(isGuarded && rule.allow && rule.resolving.length === 0))) continue
    return rule.allow ? firstRulePlace + i : -(firstRulePlace + i)
  }
  return isGuarded ? -BuiltIn.special : 0
}

function ruleTexts(): fc.Arbitrary<string> {
  const clause = (word: string, ...values: readonly string[]) =>
    fc
      .option(fc.subarray([...values], { minLength: 1, maxLength: 2 }), { nil: [] })
      .map((some) => (some.length > 0 ? `${word} ${some.join(',')}` : ''))
  const networks = [
    '0.0.0.0/0',
    '10.0.0.0/8',
    '10.1.0.0/16',
    '10.1.255.0/24',
    '10.2.0.0/16',
    '10.1.2.3',
    '9.0.0.0/8',
    '9.9.9.9',
    '::/0',
    '2a00::/16',
    'fd00::/8',
    'special',
    'any',
  ]
  const names = ['example', 'a.example', '*.example', '.a.example', '*.b.a.example']
  return fc
    .tuple(
      fc.constantFrom('allow', 'deny'),
      fc.constantFrom('', 'user:bob', 'group:ops', 'user:nobody'),
      clause('from', '192.0.2.0/24', '127.0.0.0/8', '2a00::/16'),
      clause('to', ...networks, ...names),
      clause('port', '80', '443', '8000-8999'),
      clause('cmd', 'connect', 'bind', 'udp-associate'),
      clause('resolving', '10.1.0.0/16', '9.0.0.0/8', '2a00::/16'),
    )
    .map((words) => words.filter((word) => word !== '').join(' '))
}

function requests() {
  return fc.record({
    subject: fc.record({
      user: fc.constantFrom(0, 1, 2),
      group: fc.constantFrom(0, 1, 2),
      source: fc.constantFrom('192.0.2.1', '127.0.0.1', '::1', '2a00::1').map(bytes),
      command: fc.constantFrom(1, 2, 3),
    }),
    name: fc.constantFrom('example', 'a.example', 'x.example', 'b.a.example', 'c.b.a.example', 'other', 'aexample'),
    address: fc
      .constantFrom('10.1.2.3', '10.1.2.4', '10.2.0.1', '9.9.9.9', '8.8.8.8', '2a00::1', '2b00::1', 'fd00::1')
      .map(bytes),
    port: fc.constantFrom(80, 443, 8080, 22),
  })
}
