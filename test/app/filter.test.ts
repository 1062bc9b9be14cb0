import { describe, expect, test } from 'vitest'
import { hostOf, parseRange, portOf } from '../../shared/filter/addresses.ts'
import { parseAmount } from '../../shared/filter/amounts.ts'
import type { ConnectionRow } from '../../shared/filter/connection-fields.ts'
import { compileFilter, fieldWord, joinFilter, splitFilter } from '../../shared/filter/filter.ts'
import type { AccessEntry, Connection } from '../../shared/protocol/methods.ts'
import { accessTable } from '../../tui/app/tables/access-table.ts'
import { connectionsTable } from '../../tui/app/tables/connections-table.ts'
import { accessEntryOf } from '../access-log/entries.ts'

type Given = Partial<Omit<ConnectionRow, 'connection'>> & { readonly connection: Partial<Connection> }

const none = {
  state: 'open',
  user: null,
  command: null,
  client: '',
  destination: null,
  address: null,
  opened: 0,
  up: 0,
  down: 0,
} as const

function row(id: string, { connection, ...rest }: Given): ConnectionRow {
  return { rate: { up: 0, down: 0 }, age: 0, idle: 0, ...rest, connection: { ...none, id, ...connection } }
}

const rows = [
  row('a', {
    connection: { user: 'alice', client: '10.1.2.3:5000', destination: 'Www.Example.com:443', down: 20 * 1024 ** 2 },
    rate: { up: 100, down: 2 * 1024 ** 2 },
    age: 6 * 60_000,
  }),
  row('b', {
    connection: { user: 'al', client: '[2001:db8::7]:6000', destination: 'example.com:80', address: '192.0.2.9:80' },
    age: 30_000,
    idle: 40_000,
  }),
  row('c', { connection: { client: '11.0.0.1:7000', state: 'resolving', destination: '[::1]:8443' }, idle: 40_000 }),
  row('d', {
    connection: { user: 'bob smith', client: '127.0.0.1:443', command: 'udp-associate', paced: 'user' },
  }),
]

const shown = (filter: string) => {
  const { matches, problem } = compileFilter(connectionsTable, filter)
  return matches
    ? rows
        .filter(matches)
        .map(({ connection }) => connection.id)
        .join('')
    : problem
}

describe('a filter (9)', () => {
  test.each([
    ['', 'abcd'],
    ['alice', 'a'],
    ['EXAMPLE', 'ab'],
    ['exa 443', 'a'],
    ['!example', 'cd'],
    ['!example !bob', 'c'],
    ['!', 'abcd'],
    ['[::1]', 'c'],
    ['www*443', 'a'],
    ['~^al(ice)?$', 'ab'],
    ['"bob smith"', 'd'],
    ['"bob smi', 'd'],
    ['"!example"', ''],
    ['"dst:"', ''],
    ['"no-field:x"', ''],
    ['__proto__:x', ''],
    ['localhost:443', ''],
    ['::1', 'c'],
    ['db8::7', 'b'],
    ['level=warn', ''],
    ['10.0.0.0/8', 'a'],
  ])('%s, anywhere', (filter, ids) => expect(shown(filter)).toBe(ids))

  test.each([
    ['user:al', 'b'],
    ['user:Al', ''],
    ['user:al*', 'ab'],
    ['user:~^AL', 'ab'],
    ['user:', 'abcd'],
    ['!user:al', 'acd'],
    ['user:"bob smith"', 'd'],
    ['user:-', 'c'],
    ['id:c', 'c'],
    ['command:udp-associate', 'd'],
    ['state:open', 'abd'],
    ['state:o*', 'abd'],
    ['state:idle', 'b'],
    ['state:paced', 'd'],
  ])('%s, to the letter', (filter, ids) => expect(shown(filter)).toBe(ids))

  test.each([
    ['user:al', 'ab'],
    ['!user:al', 'cd'],
    ['user:Al', ''],
    ['state:op', 'abd'],
    ['state:op ', 'abd'],
    ['state:op user:b', ''],
    ['state:open user:b', 'd'],
    ['user:al*ce', 'a'],
  ])('%s, half typed', (filter, ids) => {
    const { matches } = compileFilter(connectionsTable, filter, true)
    expect(rows.filter((row) => matches?.(row)).map(({ connection }) => connection.id)).toEqual([...ids])
  })

  test.each(['reason:denied', 'reason:"wrong password"', 'wrong'])(
    '%s, by the word of the protocol or of the screen',
    (filter) => {
      const ended = [{ reason: 'denied' }, { reason: 'finished' }].map((how) => {
        return accessEntryOf(how as Partial<AccessEntry>)
      })
      expect(ended.filter((row) => compileFilter(accessTable, filter).matches?.(row))).toEqual([ended[0]])
    },
  )

  test.each([
    ['dst:example', 'ab'],
    ['dst:*.example.com', 'a'],
    ['dst:*example.com', 'ab'],
    ['dst:example.*', 'b'],
    ['dst:*:443', 'a'],
    ['dst:e*le*m', 'b'],
    ['dst:*', 'abcd'],
    ['dst:443', 'ac'],
    ['dst:[::1]:8443', 'c'],
    ['dst:~:(80|8443)$', 'bc'],
    ['!dst:~:(80|8443)$', 'ad'],
    ['port:443', 'a'],
    ['port>1000', 'c'],
    ['addr:192.0.2.0/24', 'b'],
    ['src:10.0.0.0/8', 'a'],
    ['src:10.0.0.0/', 'abcd'],
    ['src:8.0.0.0/6', 'ac'],
    ['src:2001:db8::/32', 'b'],
    ['!src:0.0.0.0/0', 'b'],
  ])('%s, by place', (filter, ids) => expect(shown(filter)).toBe(ids))

  test.each([
    ['rate>1M', 'a'],
    ['rate>8Mbit', 'a'],
    ['rate>17Mbit', ''],
    ['up-rate<1k', 'abcd'],
    ['up-rate>=100', 'a'],
    ['up-rate=100', 'a'],
    ['down>10G', ''],
    ['down>10MiB', 'a'],
    ['bytes>0 !down>1G', 'a'],
    ['age>5m', 'a'],
    ['age>29', 'ab'],
    ['idle>30s state:open', 'b'],
    ['age>', 'abcd'],
  ])('%s, by number', (filter, ids) => expect(shown(filter)).toBe(ids))

  test.each([
    ['alice rate>x', /^rate>x: .*1\.5M/],
    ['age>5y', /^age>5y: .*5m/],
    ['port:http', /^port:http: a number/],
    ['src:10.0.0.0/33', /^src:10\.0\.0\.0\/33: not a range/],
    ['!dst:~(', /^dst:~\(: not a regular expression/],
    ['foo:bar', /^foo:bar: there is no field foo; the fields are user, command, /],
    ['!usr:bob', /^usr:bob: there is no field usr; perhaps user is meant/],
    ['raet>1M', /perhaps rate is meant/],
    ['user>bob', /^user>bob: user is no number/],
    ['state:opne', /^state:opne: it is one of negotiating, .*idle/],
  ])('%s cannot be used, and the word that is wrong is named', (filter, problem) => {
    expect(shown(filter)).toMatch(problem)
  })

  test('many asterisks take no time', () => {
    const filter = `dst:${'*a'.repeat(200)}`
    const long = row('l', { connection: { destination: `${'a'.repeat(250)}b:1` } })
    expect(compileFilter(connectionsTable, filter).matches?.(long)).toBe(false)
  })

  test('what is made of a name finds that name', () => {
    expect(shown(fieldWord('user', 'bob smith'))).toBe('d')
    expect(shown(fieldWord('user', 'al'))).toBe('b')
  })
})

test('words are split at spaces outside quotes', () => {
  expect(splitFilter(' a  b:"c d"e "f').map(({ text }) => text)).toEqual(['a', 'b:c de', 'f'])
  expect(splitFilter('"a" b"c"').map(({ literal }) => literal)).toEqual([true, false])
})

test('words that have lost their quotes get them back where they have spaces', () => {
  expect(joinFilter(['a b', 'user:a b', '!user:a b', '"c:d"', 'x'])).toBe('"a b" user:"a b" !user:"a b" "c:d" x')
})

test.each([
  ['1.5k', 'bytes', 1536],
  ['2MiB', 'bytes', 2 * 1024 ** 2],
  ['1gb/s', 'bytes', 1000 ** 3],
  ['1g', 'bytes', 1024 ** 3],
  ['8kbit/s', 'bytes', 1000],
  ['10k', 'count', 10_000],
  ['10kB', 'count', null],
  ['90', 'time', 90_000],
  ['250ms', 'time', 250],
  ['1h30m', 'time', 5_400_000],
  ['2d', 'time', 172_800_000],
  ['', 'bytes', null],
  ['-1', 'count', null],
  ['1e3', 'count', null],
  ['m', 'time', null],
] as const)('%s of %s is %s', (text, kind, amount) => {
  expect(parseAmount(text, kind)).toBe(amount)
})

test('places come apart', () => {
  expect([hostOf('a.b:80'), hostOf('[::1]:80'), hostOf('name')]).toEqual(['a.b', '::1', 'name'])
  expect([portOf('a.b:80'), portOf('[::1]:8080'), portOf('')]).toEqual([80, 8080, Number.NaN])
  expect(parseRange('10.0.0.0/8')?.('no address')).toBe(false)
  expect(parseRange('nonsense/8')).toBeNull()
})
