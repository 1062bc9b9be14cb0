import { describe, expect, test } from 'vitest'
import { UsageError } from '../../../shared/commands/usage.ts'
import { RpcError } from '../../../shared/protocol/errors.ts'
import { runCommand } from './fake-context.ts'

const ann = { name: 'ann', hash: '$scrypt-sha256$x', enabled: true, created: 1, limits: { note: 'a\u202eb' } }

const daemon = {
  'groups.list': { groups: [{ name: 'kids', limits: { quota: 5 }, members: 1, revision: 3 }] },
  'transfer.export': [{ users: [ann], next: 'ann' }, { users: [{ ...ann, name: 'bob' }] }],
  'rules.list': { revision: 4, rules: [], text: 'deny to a.example\n# a note\n' },
  'config.get': {
    revision: 2,
    settings: [
      { name: 'timeout-idle', value: 5, source: 'stored' },
      { name: 'socks-port', value: 1080, source: 'default' },
    ],
  },
  'bans.list': {
    bans: [
      { source: '192.0.2.1', until: null, by: 'ann' },
      { source: '192.0.2.2', until: 9, by: null },
    ],
  },
  'watches.list': {
    watches: [{ name: 'big', text: 'rate>10MB/s for 30s', created: 0, by: 'ann', firing: [], fired: 2 }],
  },
  'operators.list': { operators: [{ name: 'kim', role: 'viewer', created: 0, sessions: 0 }] },
  'session.whoami': { name: 'local', role: 'admin', via: 'unix' },
}

const text = `{
  "proxyd": 1,
  "groups": [
    {"name":"kids","limits":{"quota":5}}
  ],
  "users": [
    {"name":"ann","hash":"$scrypt-sha256$x","enabled":true,"created":1,"limits":{"note":"a\\u202eb"}},
    {"name":"bob","hash":"$scrypt-sha256$x","enabled":true,"created":1,"limits":{"note":"a\\u202eb"}}
  ],
  "rules": [
    "deny to a.example",
    "# a note"
  ],
  "settings": {
    "timeout-idle": 5
  },
  "bans": [
    {"source":"192.0.2.1","until":null}
  ],
  "watches": [
    {"name":"big","text":"rate>10MB/s for 30s"}
  ],
  "operators": [
    {"name":"kim","role":"viewer"}
  ]
}
`

/** What runs the command reads it as this file. */
function imported(content: string, line: string, answers: Record<string, unknown>) {
  return runCommand(line, answers, '', [], content)
}

describe('export', () => {
  test('writes all that is kept, a line each, safe to look at', async () => {
    const { written, outcome } = await runCommand('export all.json', structuredClone(daemon))
    expect(written).toEqual([['all.json', text]])
    expect(outcome.data).toEqual({ file: 'all.json', users: 2, groups: 1, rules: 2 })
  })

  test('without a file shows the same', async () => {
    const { written, outcome } = await runCommand('export', structuredClone(daemon))
    expect(written).toEqual([])
    expect((outcome.view as { rows: string[][] }).rows.map(([line]) => `${line}\n`).join('')).toBe(text)
    expect(outcome.data).toEqual(JSON.parse(text))
  })
})

const same = {
  ...daemon,
  'transfer.import': { changes: [], cut: 0 },
}

describe('import', () => {
  test('of what is there already changes nothing', async () => {
    const { calls, outcome } = await imported(text, 'import all.json', same)
    expect(outcome.view).toBe('all is so already')
    const changing = ['rules.apply', 'config.set', 'bans.add', 'watches.add', 'operators.setRole']
    expect(calls.filter(([method]) => changing.includes(method))).toEqual([])
  })

  test('asks of everything what would change, before it changes anything', async () => {
    const before = {
      ...same,
      'transfer.import': {
        changes: [
          { of: 'user', name: 'ann', isNew: false, fields: { quota: { before: 5, after: null }, password: {} } },
        ],
        cut: 0,
      },
      'rules.list': { revision: 4, rules: [], text: '' },
      'rules.apply': { revision: 5, added: ['deny to a.example'], removed: [], reordered: false, cut: 0 },
      'config.get': { revision: 2, settings: [{ name: 'timeout-idle', value: 7, source: 'default' }] },
      'config.set': { revision: 3, changed: ['timeout-idle'], warnings: [] },
      'bans.list': { bans: [] },
      'bans.add': {},
      'watches.list': { watches: [{ name: 'big', text: 'near-limit', created: 0, by: 'ann', firing: [], fired: 2 }] },
      'watches.remove': { text: 'near-limit', stored: true },
      'watches.add': {},
      'operators.list': { operators: [{ name: 'kim', role: 'admin', created: 0, sessions: 0 }] },
      'operators.setRole': { ended: 0, stored: true },
    }
    const { calls, outcome } = await imported(text, 'import all.json', before)
    expect((outcome.view as { rows: string[][] }).rows).toEqual([
      ['~', 'user', 'ann', 'quota 5B -> none, password'],
      ['~', 'user', 'ann', 'quota 5B -> none, password'],
      ['+', 'rule', 'deny to a.example', ''],
      ['~', 'setting', 'timeout-idle', '7 -> 5'],
      ['+', 'ban', '192.0.2.1', ''],
      ['~', 'watch', 'big', 'near-limit -> rate>10MB/s for 30s'],
      ['~', 'operator', 'kim', 'admin -> viewer'],
    ])
    const asked = calls
      .filter(([method]) => !/\.(list|get|whoami)$/.test(method))
      .map(([method, params]) => {
        return [method, (params as { dryRun?: boolean }).dryRun]
      })
    expect(asked).toEqual([
      ['transfer.import', true],
      ['transfer.import', true],
      ['rules.apply', true],
      ['config.set', true],
      ['transfer.import', false],
      ['transfer.import', false],
      ['rules.apply', false],
      ['config.set', false],
      ['bans.add', undefined],
      ['watches.remove', undefined],
      ['watches.add', undefined],
      ['operators.setRole', undefined],
    ])

    const dry = await imported(text, 'import all.json --dry-run', before)
    expect(dry.outcome.view).toEqual(outcome.view)
    expect(
      dry.calls.filter(
        ([method, params]) => /import|apply|set|add/.test(method) && !(params as { dryRun?: boolean }).dryRun,
      ),
    ).toEqual([])
  })

  test('leaves the rules that there are where an export has none', async () => {
    const { calls } = await imported('{"proxyd":1,"rules":[]}', 'import f', same)
    expect(calls.map(([method]) => method)).not.toContain('rules.apply')
  })

  test('shows the first thousand of what changes, and has all of it for programs', async () => {
    const changes = Array.from({ length: 1234 }, (_, i) => ({ of: 'user', name: `user${i}`, isNew: true, fields: {} }))
    const users = JSON.stringify({ proxyd: 1, users: [{ name: 'user0', hash: 'x' }] })
    const { outcome } = await imported(users, 'import f', { ...same, 'transfer.import': { changes, cut: 0 } })
    const { rows } = outcome.view as { rows: string[][] }
    expect([rows.length, rows.at(-1)]).toEqual([1001, ['', '', 'and 234 more, which --json has']])
    expect((outcome.data as { changes: unknown[] }).changes).toHaveLength(1234)
  })

  test('tells of as many changes as a file has room for', async () => {
    const users = Array.from({ length: 200_000 }, (_, i) => ({ name: `u${i}`, hash: 'x' }))
    const change = { of: 'user', name: 'u', isNew: true, fields: {} }
    const changes = Array.from({ length: 100 }, () => change)
    const answers = { ...same, 'transfer.import': () => ({ changes, cut: 0 }) }
    const { outcome } = await imported(JSON.stringify({ proxyd: 1, users }), 'import all.json --dry-run', answers)
    expect((outcome.data as { changes: unknown[] }).changes).toHaveLength(200_000)
  })

  test('tells of operators whom it cannot make', async () => {
    const { outcome } = await imported(text, 'import all.json', { ...same, 'operators.list': { operators: [] } })
    expect(outcome.warnings).toEqual([expect.stringContaining("'addoperator kim --role viewer'")])
  })

  test('goes in requests that the protocol allows, and passwords by few', async () => {
    const users = Array.from({ length: 1200 }, (_, i) => ({ name: `user${i}`, hash: 'x' }))
    const secret = users.slice(0, 60).map(({ name }) => ({ name, password: 'x' }))
    const sizes = async (users: object[]) => {
      const { calls } = await imported(JSON.stringify({ proxyd: 1, users }), 'import f --dry-run', same)
      return calls.flatMap(([method, params]) =>
        method === 'transfer.import' ? (params as { users: object[] }).users.length : [],
      )
    }
    expect(await sizes(users)).toEqual(Array.from({ length: 12 }, () => 100))
    expect(await sizes(secret)).toEqual([25, 25, 10])
    const limits = { sources: Array.from({ length: 60 }, (_, i) => `10.0.0.${i}`) }
    expect(Math.max(...(await sizes(users.map((user) => ({ ...user, limits })))))).toBeLessThan(40)
  })

  test('says what is refused, where, and what is done already', async () => {
    const fail = () => Promise.reject(new RpcError('conflict', 'the user "ann" is in no group'))
    await expect(imported(text, 'import f', { ...same, 'transfer.import': fail })).rejects.toThrow(
      'groups: of groups 1 to 1, the user "ann" is in no group; nothing is imported',
    )
    let calls = 0
    const failLater = () => (++calls > 3 ? fail() : { changes: [], cut: 0 })
    await expect(imported(text, 'import f', { ...same, 'transfer.import': failLater })).rejects.toThrow(
      'users: of users 1 to 2, the user "ann" is in no group; imported: groups, perhaps a part of users, and nothing more',
    )
  })

  test.each(['watches', 'bans'])('adds none of more %s than there is room for', async (what) => {
    const all = {
      watches: Array.from({ length: 100 }, (_, i) => ({ name: `w${i}`, text: 'near-limit' })),
      bans: Array.from({ length: 8192 }, (_, i) => ({ source: `10.0.${i >> 8}.${i & 255}`, until: null })),
    }[what]
    const asked: string[] = []
    const answers = { ...same, 'watches.add': () => void asked.push(what), 'bans.add': () => void asked.push(what) }
    // One of each is there already, and stays.
    const refused = imported(JSON.stringify({ proxyd: 1, [what]: all }), 'import f', answers)
    await expect(refused).rejects.toThrow(/there are 1 now, these are \d+ more, .*nothing is imported/)
    expect(asked).toEqual([])
    const fitting = JSON.stringify({ proxyd: 1, [what]: all?.slice(1) })
    await imported(fitting, 'import f --dry-run', answers)
  })

  test.each([
    ['192.0.2.7', ['192.0.2.0/24'], undefined],
    ['2001:db8:1::/48', ['192.0.2.7', '2001:db8:1:2::7'], undefined],
    ['2001:db8::/64', [], ['2001:db8::1']],
    // Of IPv6 an address stands for its network.
    ['2001:db8::7', ['2001:db8::1'], undefined],
    ['::ffff:192.0.2.7', ['192.0.2.0/24'], undefined],
  ])('makes no ban if one, of %s, is of what is exempt', async (source, exempt, set) => {
    const asked: string[] = []
    const answers = {
      ...same,
      'bans.list': { bans: [] },
      'bans.add': () => void asked.push('bans.add'),
      'config.get': { revision: 2, settings: [{ name: 'ban-exempt', value: exempt, source: 'stored' }] },
      'config.set': (_params: unknown) => ({ revision: 3, changed: [], warnings: [] }),
    }
    const bans = ['198.51.100.7', source].map((each) => ({ source: each, until: null }))
    const settings = set && { settings: { 'ban-exempt': set } }
    const refused = imported(JSON.stringify({ proxyd: 1, bans, ...settings }), 'import f', answers)
    await expect(refused).rejects.toThrow(`${source} is never banned: take it out of ban-exempt, or of the import`)
    expect(asked).toEqual([])
  })

  test.each([
    [
      { source: '192.0.2.7', until: Date.now() + 11 * 365 * 86_400_000 },
      'the ban of 192.0.2.7 ends in more than ten years',
    ],
    [{ source: '192.0.2.7x', until: null }, '"192.0.2.7x" is no source that can be banned'],
    [{ source: '192.0.2.0/24', until: null }, '"192.0.2.0/24" is no source'],
    [{ source: '2001:db8::/32', until: null }, '"2001:db8::/32" is no source'],
    [{ source: '2001:db8::/64/64', until: null }, '"2001:db8::/64/64" is no source'],
    [{ source: '2001:db8::1/64', until: null }, '"2001:db8::1/64" is no source'],
    [{ source: '2001:db8:0:1::/48', until: null }, '"2001:db8:0:1::/48" is no source'],
    [{ source: '::ffff:192.0.2.7/64', until: null }, '"::ffff:192.0.2.7/64" is no source'],
    [{ source: 'fe80::1%1', until: null }, '"fe80::1%1" is no source'],
  ])('makes nothing of anything if one ban is %j', async (ban, why) => {
    const asked: string[] = []
    const answers = {
      ...same,
      'bans.list': { bans: [] },
      'bans.add': () => void asked.push('bans.add'),
      'config.get': { revision: 2, settings: [] },
    }
    const bans = [{ source: '198.51.100.7', until: null }, ban]
    const refused = imported(JSON.stringify({ proxyd: 1, bans }), 'import f', answers)
    await expect(refused).rejects.toThrow(why)
    await expect(refused).rejects.toThrow('nothing is imported')
    expect(asked).toEqual([])
  })

  test('bans once what is written in two ways, and not what is banned already', async () => {
    const added: unknown[] = []
    const answers = {
      ...same,
      'bans.list': { bans: [{ source: '2001:db8::/64', until: null, by: 'ann' }] },
      'bans.add': () => void added.push('one'),
    }
    const sources = [
      '2001:db8::7',
      '2001:DB8:0:0::/64',
      '2001:db8:1::1',
      '2001:db8:1::2',
      '::ffff:192.0.2.1',
      '192.0.2.1',
    ]
    const bans = sources.map((source) => ({ source, until: null }))
    await imported(JSON.stringify({ proxyd: 1, bans }), 'import f', answers)
    expect(added).toHaveLength(2)
  })

  test('asks of each page with what comes before it: how many are new, and the groups that are meant', async () => {
    const groups = Array.from({ length: 1500 }, (_, i) => ({ name: `g${i}`, limits: {} }))
    const users = Array.from({ length: 150 }, (_, i) => ({ name: `u${i}`, hash: 'x', limits: { group: `g${i % 3}` } }))
    const change = { of: 'user', name: 'u', isNew: true, fields: {} }
    const answers = { ...same, 'transfer.import': () => ({ changes: [change, { ...change, isNew: false }], cut: 0 }) }
    const { calls } = await imported(JSON.stringify({ proxyd: 1, groups, users }), 'import f --dry-run', answers)
    const asked = calls.flatMap(([method, params]) => (method === 'transfer.import' ? [params as object] : []))
    expect(asked.slice(13)).toMatchObject([
      { ahead: { groups: 13, users: 0 } },
      { ahead: { groups: 14, users: 0 } },
      { ahead: { groups: 0, users: 0 }, expected: ['g0', 'g1', 'g2'] },
      { ahead: { groups: 0, users: 1 } },
    ])
  })

  test('takes the role of who imports away last, with which the others go', async () => {
    const operators = ['ann', 'bob', 'cid'].map((name) => ({ name, role: 'admin', created: 0, sessions: 0 }))
    const changed = operators.map(({ name }) => ({ name, role: 'viewer' }))
    const { calls } = await imported(JSON.stringify({ proxyd: 1, operators: changed }), 'import f', {
      ...same,
      'operators.list': { operators },
      'operators.setRole': { ended: 0, stored: true },
      'session.whoami': { name: 'ann', role: 'admin', via: 'tls' },
    })
    const set = calls.flatMap(([method, params]) => (method === 'operators.setRole' ? [params] : []))
    expect(set).toMatchObject([{ name: 'bob' }, { name: 'cid' }, { name: 'ann' }])
  })

  test('tells how far it has come', async () => {
    const users = Array.from({ length: 60 }, (_, i) => ({ name: `user${i}`, password: 'x' }))
    const { progress } = await imported(JSON.stringify({ proxyd: 1, users }), 'import f', same)
    expect(progress).toEqual([
      ...['looking at users: 0 of 60', 'looking at users: 25 of 60', 'looking at users: 50 of 60'],
      ...['importing users: 0 of 60', 'importing users: 25 of 60', 'importing users: 50 of 60'],
    ])
  })

  test.each([
    ['{"password":"hunter2"', 'it is not JSON'],
    ['[]', 'it is not a JSON object'],
    ['{"users":[]}', 'no "proxyd": 1'],
    ['{"proxyd":2}', 'no "proxyd": 1'],
    ['{"proxyd":1,"warp":[]}', '"warp", which no export has'],
    ['{"proxyd":1,"users":{}}', '"users" is not a list of objects'],
    ['{"proxyd":1,"rules":[1]}', '"rules" is not a list of texts'],
    ['{"proxyd":1,"settings":[]}', '"settings" is not an object'],
    [`{"proxyd":1,"settings":${'['.repeat(50_000)}${']'.repeat(50_000)}}`, 'more inside each other than any export'],
    ['{"proxyd":1,"bans":[{"source":"::1","until":1e300}]}', 'number 1 of its "bans"'],
    ['{"proxyd":1,"watches":[{"name":"w","text":"near-limit"},{"name":1,"text":""}]}', 'number 2 of its "watches"'],
    // It would have the one of that name removed first.
    ['{"proxyd":1,"watches":[{"name":"big","text":"rate>nothing"}]}', 'its watch "big": write rate>10MB/s'],
    ['{"proxyd":1,"watches":[{"name":"a b","text":"near-limit"}]}', 'its watch "a b": its name must be up to 64'],
    [`{"proxyd":1,"watches":[{"name":"w","text":"near-limit${' '.repeat(1000)}"}]}`, 'its text must be at most 1000'],
    ['{"proxyd":1,"watches":[{"name":"w","text":"near-limit user:\\u0000"}]}', 'its text must not contain NUL'],
    ['{"proxyd":1,"watches":[{"name":"w","text":"near-limit user:\\ud800"}]}', 'its text must be well-formed'],
    ['{"proxyd":1,"watches":[{"name":"w","text":"rate>1 src:10.0.0.1/8"}]}', 'src:10.0.0.1/8 is no address'],
    ['{"proxyd":1,"watches":[{"name":"w","text":"login-failures>10001"}]}', 'login-failures takes 10000 at most'],
    [
      '{"proxyd":1,"operators":[{"name":"kim","role":"viewer"},{"name":"kim","role":"admin"}]}',
      'the operator "kim" is in it twice',
    ],
    // What is quoted for the person to type.
    [`{"proxyd":1,"operators":[{"name":"x';shutdown;'","role":"viewer"}]}`, 'number 1 of its "operators"'],
  ])('refuses %s', async (content, message) => {
    const refused = imported(content, 'import f', same)
    await expect(refused).rejects.toThrow(UsageError)
    await expect(refused).rejects.toThrow(message)
    await expect(refused).rejects.not.toThrow('hunter2')
  })
})
