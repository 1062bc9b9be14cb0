import { expect, test } from 'vitest'
import { lineOf, parseCommands } from '../../../shared/commands/parse.ts'
import type { Call } from '../../../shared/commands/verb.ts'
import { runCommand } from './fake-context.ts'

function refusalOf(line: string): string {
  try {
    parseCommands(line)
  } catch (error) {
    const { message, position } = error as { message: string; position: number }
    return `${position}: ${message}`
  }
  throw new Error('was understood')
}

test.each([
  ['users; frob', "7: no command 'frob'; 'help' lists them"],
  ['__proto__', "0: no command '__proto__'; 'help' lists them"],
  ['toString', "0: no command 'toString'; 'help' lists them"],
  ['deluser', '0: deluser needs NAME; usage: deluser NAME'],
  ['cut', '0: cut needs ID-OR-FILTER; usage: cut ID-OR-FILTER...'],
  ['raw', '0: raw needs METHOD; usage: raw METHOD [JSON]'],
  ['watches bob', "8: too much for watches; usage: watches; 'help watches' lists what else there is"],
  ['rules ad deny to any', '6: there is no rules ad; perhaps rules add is meant; as a filter write *ad*'],
  ['watches ad x', '8: there is no watches ad; perhaps watches add is meant'],
  ['bans size>1', /^0: bans: size>1: there is no field size; the fields are source, why, by, lasts/],
  ['users size>1', /^0: users: size>1: there is no field size; the fields are user, state, .*'help filter' tells/],
  ['closed state:open', /^0: closed: state:open: there is no field state; /],
  ['cut k3fq-7 user:bob', /^0: cut: either each word is an id, or each asks a field, such as user:bob/],
  ['cut user:', /^0: cut: user:: say behind it what is to be cut/],
  ['cut user=', /^0: cut: user=: say behind it/],
  ['cut user:bob !src:', /^0: cut: !src:: say behind it/],
  ['cut age>=', /^0: cut: age>=: say behind it/],
  ['cut user:""', /^0: cut: user:: say behind it/],
  ['stats bob', '6: too much for stats; usage: stats'],
  [
    'users set',
    '0: users set needs FIELD=VALUE; usage: users set [NAME...] FIELD=VALUE... [--where EXPR] [--revision N]',
  ],
  ['users set bob', '0: users set: FIELD=VALUE is needed, such as rate-down=10MB/s'],
  [
    'users set bob RATE_DOWN=1MB/s note=x',
    /^0: users set: "RATE_DOWN" is no field: there are group, rate-down, .*; 'help limits' explains them$/,
  ],
  ['users set bob rate-down=10 MB/s', '0: users set: "MB/s" is no FIELD=VALUE; quote a value with spaces'],
  ['get a b', '6: too much for get; usage: get [NAME]'],
  ['addusr bob', "0: no command 'addusr'; perhaps 'adduser' is meant, and 'help' lists them"],
  ['user', /^0: no command 'user'; perhaps 'users', 'users restore', .* is meant, /],
  ['log --folow', "4: log has no such flag; perhaps --follow is meant, and 'help log' explains it"],
  ['users set bob --rate-down 1MB', /^14: users set has no such flag; perhaps rate-down=VALUE is meant, and /],
  ['deluser --force bob', "8: deluser has no such flag; 'help deluser' explains it"],
  ['role eve root', '0: role: ROLE is one of viewer, operator, admin'],
  ['addoperator eve --role', "16: --role needs ROLE; 'help addoperator' explains it"],
  ['addoperator eve --role=root', '0: addoperator: ROLE is one of viewer, operator, admin'],
  ['addoperator eve --role admin --role viewer', '29: --role is given twice'],
  ['log --follow=yes', "4: --follow takes no value; 'help log' explains it"],
  ['log --level loud', '0: log: LEVEL is one of debug, info, warn, error'],
  ['log --last 1001', '0: log: N is a number from 0 to 1000'],
  ['log --last all', '0: log: N is a number from 0 to 1000'],
  ['set', '0: set needs NAME; usage: set NAME [VALUE...] [--default] [--dry-run] [--revision N]'],
  ['set auth', '0: set: write a VALUE, or --default in place of one'],
  ['set auth none --default', '0: set: write a VALUE, or --default in place of one'],
  ['help frob', "0: help: no command 'frob'; 'help' lists them"],
  [
    'adduser bob --password-stdin --password-prompt',
    '0: adduser: --password-stdin and --password-prompt exclude each other',
  ],
  ['raw users.list {"limit":}', '0: raw: the parameters are not JSON'],
  ["raw users.list '[1]'", '0: raw: the parameters are not a JSON object'],
  ['raw users.list null', '0: raw: the parameters are not a JSON object'],
])('refuses %j', (line, refusal) => {
  expect(refusalOf(line)).toMatch(refusal)
})

test.each([
  'adduser bob hunter2',
  'passwd bob "hunter2"',
  'adduser bob --password=hunter2',
  'adduser bob --hunter2',
  'adduser bob --password-stdin=hunter2',
  'role bob hunter2',
  'raw users.add {"name":"bob","password":"hunter2",}',
])('does not repeat what may be a password: %j', (line) => {
  expect(refusalOf(line)).not.toContain('hunter2')
})

test('after -- everything is a value', async () => {
  const { calls } = await runCommand('deluser -- --force', { 'users.remove': { cut: 0 } })
  expect(calls).toEqual([['users.remove', { name: '--force' }]])
})

test('takes a flag before, between and after values', async () => {
  for (const line of ['adduser --password-stdin bob', 'adduser bob --password-stdin']) {
    const { calls } = await runCommand(line, { 'users.add': {} }, 'from stdin')
    expect(calls).toEqual([['users.add', { name: 'bob', password: 'from stdin' }]])
  }
})

test('presets a flag only for the commands that know it', async () => {
  const commands = parseCommands('users; adduser bob', ['password-stdin'])
  expect(commands.map(({ name }) => name)).toEqual(['users', 'adduser'])
  expect(() => parseCommands('adduser bob --password-prompt', ['password-stdin'])).toThrow('exclude each other')
})

test.each<[Call, string]>([
  [{ verb: 'deluser', values: ['bob'] }, 'deluser bob'],
  [{ verb: 'deluser', values: ["bob's; x"] }, `deluser "bob's; x"`],
  [{ verb: 'users set', values: ['bob', 'note=two words'] }, "users set bob 'note=two words'"],
  [{ verb: 'set', values: ['timeout-idle'], flags: { revision: '7', default: '' } }, 'set timeout-idle --default'],
  [{ verb: 'role', values: ['kim', 'admin'], flags: { was: 'viewer' } }, 'role kim admin'],
  [{ verb: 'addoperator', values: ['kim'], flags: { role: 'viewer' } }, 'addoperator kim --role=viewer'],
  [{ verb: 'adduser', values: ['bob'], flags: { 'password-prompt': '' } }, 'adduser bob --password-prompt'],
  [{ verb: 'deluser', values: ['--force'] }, 'deluser -- --force'],
])('%j is %s, which means the same', (call, line) => {
  expect(lineOf(call)).toBe(line)
  const { revision: _revision, was: _was, ...flags } = call.flags ?? {}
  expect(parseCommands(line).map((command) => command.call)).toEqual([{ ...call, flags }])
})
