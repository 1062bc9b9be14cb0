import { expect, test } from 'vitest'
import { readForeignUsers } from '../../../shared/commands/foreign-users.ts'
import { runCommand } from './fake-context.ts'

const sha512 = `$6$saltsalt$${'a'.repeat(86)}`
const bcrypt = `$2b$10$${'a'.repeat(53)}`

test("a configuration of 3proxy has users in its lines 'users', in its own quotes, and some that cannot be read", () => {
  const text = `# 3proxy
nserver 192.0.2.53
users ann:CL:s3cret "bob b:CL:two ""words""" cid:CR:$1$abc$def
users dan:NT:0123456789ABCDEF0123456789ABCDEF $/etc/3proxy/passwd eve fay:CL:
users\tgus:CR:${sha512}
auth strong
`
  expect(readForeignUsers(text)).toEqual({
    users: [
      { name: 'ann', password: 's3cret' },
      { name: 'bob b', password: 'two "words"' },
      { name: 'gus', hash: sha512 },
    ],
    unreadable: [
      expect.stringMatching(/^line 3: of cid .* CR, which cannot be checked: /),
      expect.stringMatching(/^line 4: of dan .* NT, which cannot be checked: /),
      'line 4: it includes /etc/3proxy/passwd: import that file, too',
      expect.stringMatching(/^line 4: eve has no password there/),
      expect.stringMatching(/^line 4: fay has no password there/),
    ],
  })
})

test('a list that 3proxy includes has the same forms', () => {
  expect(readForeignUsers('ann:CL:a:b\r\n\r\ncid:NT:00\r\n')).toEqual({
    users: [{ name: 'ann', password: 'a:b' }],
    unreadable: [expect.stringMatching(/^line 3: of cid/)],
  })
})

test('a list has passwords or hashes, and none of a hash that cannot be checked is taken for a password', () => {
  const text = `# a note
ann:pass:with:colons
bob:${sha512}
cid:${bcrypt}
dan:$1$abc$def
eve:$apr1$abc$def
fay:{SHA}qUqP5cyxm6YcTAhz05Hph5gvu9M=
gus:$y$j9T$abc$def
hunter2
ida:
jon:$money
kim:CL:x
`
  expect(readForeignUsers(text)).toEqual({
    users: [
      { name: 'ann', password: 'pass:with:colons' },
      { name: 'bob', hash: sha512 },
      { name: 'cid', hash: bcrypt },
      { name: 'jon', password: '$money' },
      { name: 'kim', password: 'CL:x' },
    ],
    unreadable: ['dan', 'eve', 'fay', 'gus']
      .map((name) =>
        expect.stringMatching(new RegExp(`^line \\d: the hash of ${name} .*: give a password with 'adduser'$`)),
      )
      .concat(['line 9: it is not NAME:PASSWORD or NAME:HASH', 'line 10: it is not NAME:PASSWORD or NAME:HASH']),
  })
})

test('import takes those who can be read, and fails for the others', async () => {
  const answers = {
    'transfer.import': { changes: [{ of: 'user', name: 'ann', isNew: true, fields: {} }], cut: 0 },
  }
  const { outcome, calls } = await runCommand('import list', answers, '', [], `ann:x\nbob:$1$a$b\n`)
  expect(calls.map(([, params]) => params)).toEqual([
    { users: [{ name: 'ann', password: 'x' }], expected: [], ahead: { groups: 0, users: 0 }, dryRun: true },
    { users: [{ name: 'ann', password: 'x' }], expected: [], dryRun: false },
  ])
  expect(outcome.view).toEqual({ rows: [['+', 'user', 'ann', '']] })
  expect(outcome.warnings).toEqual([expect.stringContaining('line 2: the hash of bob')])
  expect(outcome.problem).toBe('1 user could not be read')
})

test.each([
  ['', 'nothing to import is in it'],
  ['# only notes\n', 'nothing to import is in it'],
  ['ann:x\nann:y\n', 'the user "ann" is in it twice'],
])('import refuses %j', async (content, message) => {
  await expect(runCommand('import list', {}, '', [], content)).rejects.toThrow(message)
})
