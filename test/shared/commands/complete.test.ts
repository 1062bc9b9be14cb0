import { describe, expect, test } from 'vitest'
import { complete, type Surroundings } from '../../../shared/commands/complete.ts'
import { parseCommands } from '../../../shared/commands/parse.ts'
import type { Verb } from '../../../shared/commands/verb.ts'
import { usageOf, verbs } from '../../../shared/commands/verbs.ts'
import { splitCommands } from '../../../shared/commands/words.ts'
import { type MethodShape, methods, type Role } from '../../../shared/protocol/methods.ts'
import { roles } from '../../../shared/protocol/vocabulary.ts'

const admin: Surroundings = {
  users: ['alice', 'bob', 'two words', "o'hara"],
  groups: ['default', 'staff'],
  rules: ['16', '17'],
  operators: ['root', 'watcher'],
  connections: ['1-7', '1-8'],
  may: () => true,
  places: [],
  withoutFlags: ['password-stdin'],
}

const candidates = (line: string, known = admin) => complete(line, known).candidates

describe('completion', () => {
  test.each([
    ['dis', ['disable']],
    ['users; ena', ['enable']],
    ['del', ['deluser', 'deloperator']],
    ['deluser ', ['alice', 'bob', "'two words'", `"o'hara"`]],
    ['deluser "tw', []],
    ['disable b', ['bob']],
    ['disable bob a', []],
    ['adduser ', ['--password-prompt']],
    ['adduser x --', ['--password-prompt']],
    ['adduser x --password-prompt --', []],
    ['passwdoperator w', ['watcher']],
    ['role root ', ['viewer', 'operator', 'admin']],
    ['addoperator x --role ', ['viewer', 'operator', 'admin']],
    ['addoperator x --role=v', ['--role=viewer']],
    ['cut ', ['1-7', '1-8', 'user:alice', 'user:bob', `'user:"two words"'`, `"user:o'hara"`]],
    ['cut 1-7 1', ['1-8']],
    ['connection ', ['1-7', '1-8']],
    ['connection 1-7 ', []],
    ['rules remove ', ['16', '17']],
    ['rules remove 16 ', ['17']],
    ['rules move 1', ['16', '17']],
    ['rules replace 17', ['17']],
    ['closed --', ['--last', '--limit']],
    ['cut user:a', ['user:alice']],
    ['log --level w', ['warn']],
    ['get timeout-i', ['timeout-idle']],
    ['get socks-p', ['socks-port']],
    ['set socks-p', []],
    ['set aut', ['auth']],
    ['set auth ', ['auto', 'required', 'none']],
    ['set open-proxy ', ['true', 'false']],
    ['set timeout-idle ', ['3600000']],
    ['set --dry-run auth r', ['required']],
    ['help who', ['whoami']],
    ['nonsense ', []],
    ['constructor ', []],
    ['raw {"a":', []],
  ])('%s', (line, expected) => {
    expect(candidates(line)).toEqual(expected)
  })

  test('a line may begin with what is no command, too, each once', () => {
    const there = { ...admin, places: ['overview', 'users', 'q'] }
    expect(candidates('o', there)).toEqual(['operators', 'overview'])
    expect(candidates('users', there)).toEqual(['users'])
  })

  test('an empty line begins with every verb', () => {
    expect(candidates('')).toEqual(Object.keys(verbs).filter((name) => !name.includes(' ')))
  })

  test('a verb of two words goes on with the second', () => {
    expect(candidates('rules mo')).toEqual(['move'])
    expect(candidates('rules test bo')).toEqual(['bob'])
  })

  test('the word that it is about begins behind the last one', () => {
    expect(complete('users; disable b', admin).from).toBe(15)
    expect(complete('disable ', admin).from).toBe(8)
  })

  test('what it offers, the grammar reads as that word', () => {
    for (const word of candidates('deluser ')) {
      expect(splitCommands(`deluser ${word}`)[0]?.[1]?.text).toBe(admin.users.find((name) => word.includes(name)))
    }
  })

  test('tells the usage of the command, without the flags that make no sense here', () => {
    const { usage } = complete('passwd b', admin)
    expect(usage).toBe('passwd NAME [--password-prompt]: change a password; prints the one it makes, once')
  })

  test('offers no verb that the person may not use', () => {
    const viewer = { ...admin, may: ({ role }: Verb) => role === undefined }
    expect(candidates('', viewer)).toEqual(['get', 'health', 'stats', 'whoami', 'raw', 'nodes', 'help'])
    expect(candidates('help add', viewer)).toEqual([])
  })
})

const examples = Object.entries(verbs).map(([name, row]) => {
  const words = row.arguments
    .replaceAll(/\[|\]|\.\.\./g, '')
    .replace('ID-OR-FILTER', 'user:bob')
    .replace('ROLE', 'viewer')
    .replace('FIELD=VALUE', 'quota=1GB')
    .replace('NAME WORD', 'NAME near-limit')
    .replace('VALUE', 'auto')
    .replace('TIME', '10m')
    .replace(/\bTO\b/, 'a.example:80')
    .replace(/\bN\b|ID PLACE|ID|PLACE/, (text) => text.replace(/N|ID|PLACE/g, '16'))
  return [
    name,
    name === 'set'
      ? 'set auth auto'
      : name === 'raw'
        ? ''
        : `${usageOf(name, { ...row, arguments: words, flags: {} })}`,
  ] as const
})

test.each(examples.filter(([, line]) => line))(
  '%s takes the role that its methods take, and is logged if one of them is',
  async (name, line) => {
    const demanded: Role[] = []
    let isLogged = false
    const call = async (method: keyof typeof methods) => {
      const { role, logged }: MethodShape = methods[method]
      if (logged) isLogged = true
      if (role !== 'anyone') demanded.push(role)
      if (method !== 'config.get' && method !== 'rules.list') throw new Error('seen')
      return { revision: 1, rules: [{ id: 16, place: 1 }], settings: [{ name: 'auth', type: 'choice', value: 'auto' }] }
    }
    const [command] = parseCommands(line.replace('get NAME', 'get auth').replace('help VERB', 'help'))
    await Promise.resolve(
      command?.run({
        call,
        demandReader: () => {},
        tellProgress: () => {},
        readText: async () => '{"proxyd":1,"users":[{"name":"bob"}]}',
        editText: async () => 'deny',
      } as never),
    ).catch(() => {})
    const strongest = roles.findLast((role) => demanded.includes(role))
    expect(verbs[name]?.role).toBe(strongest === 'viewer' ? undefined : strongest)
    expect(verbs[name]?.logged ?? false).toBe(isLogged)
  },
)
