import { formatBytes } from '../format/bytes.ts'
import { formatTime } from '../format/time.ts'
import type { User } from '../protocol/methods.ts'
import { everyPage } from './every-page.ts'
import { generatePassword } from './generate-password.ts'
import { UsageError } from './usage-error.ts'
import { type Deed, type Table, verb } from './verb.ts'

const passwordFlags = {
  'password-stdin': 'read the password from standard input, one line',
  'password-prompt': 'ask for the password twice, without showing it',
}
const unknownUser = { not_found: "list the users with 'users'" }

export const userVerbs = {
  adduser: verb({
    arguments: 'NAME',
    flags: passwordFlags,
    summary: 'add a user; prints the password it makes, once',
    hints: { exists: "change the password with 'passwd'" },
    prepare: ([name], flags) => changePassword('users.add', name, flags),
  }),
  deluser: verb({
    arguments: 'NAME',
    summary: 'delete a user and cut their connections',
    hints: unknownUser,
    prepare:
      ([name]) =>
      async ({ call }) => {
        const { cut, opened } = await call('users.remove', { name })
        const deleted = `deleted ${name}, ${cutConnections(cut)}`
        const view = opened ? `${deleted}; no user is left: from now on no password is required` : deleted
        return { data: { name, cut, opened }, view }
      },
  }),
  passwd: verb({
    arguments: 'NAME',
    flags: passwordFlags,
    summary: 'change a password; prints the one it makes, once',
    hints: unknownUser,
    prepare: ([name], flags) => changePassword('users.setPassword', name, flags),
  }),
  enable: verb({
    arguments: 'NAME',
    summary: 'let a user in again',
    hints: unknownUser,
    prepare: ([name]) => setEnabled(name, true),
  }),
  disable: verb({
    arguments: 'NAME',
    summary: 'keep a user out and cut their connections',
    hints: unknownUser,
    prepare: ([name]) => setEnabled(name, false),
  }),
  users: verb({
    arguments: '',
    summary: 'list users, their live connections and traffic',
    prepare:
      () =>
      async ({ call }) => {
        const users = (await everyPage((from) => call('users.list', from))).flatMap((page) => page.users)
        return { data: users, view: tableOf(users) }
      },
  }),
}

function changePassword(method: 'users.add' | 'users.setPassword', name: string, flags: ReadonlySet<string>): Deed {
  if (flags.has('password-stdin') && flags.has('password-prompt')) {
    throw new UsageError('--password-stdin and --password-prompt exclude each other')
  }
  return async ({ call, readPassword }) => {
    if (flags.size > 0) {
      const password = await readPassword(flags.has('password-stdin') ? 'stdin' : 'prompt', name)
      await call(method, { name, password })
      return { data: { name }, view: method === 'users.add' ? `added ${name}` : `changed the password of ${name}` }
    }
    const password = generatePassword()
    await call(method, { name, password })
    return { data: { name, password }, view: password, note: `the password of ${name}, shown only now:` }
  }
}

function setEnabled(name: string, enabled: boolean): Deed {
  return async ({ call }) => {
    const { cut } = await call('users.setEnabled', { name, enabled })
    return {
      data: { name, enabled, cut },
      view: enabled ? `enabled ${name}` : `disabled ${name}, ${cutConnections(cut)}`,
    }
  }
}

function cutConnections(count: number): string {
  return `cut ${count} connection${count === 1 ? '' : 's'}`
}

function tableOf(users: readonly User[]): Table {
  return {
    heading: ['NAME', 'STATE', 'LASTS', 'CONNECTIONS', 'UP', 'DOWN', 'CREATED'],
    right: [3, 4, 5],
    rows: users.map((user) => [
      user.name,
      user.enabled ? 'enabled' : 'disabled',
      user.stored ? 'stored' : 'this-run',
      String(user.connections),
      formatBytes(user.up),
      formatBytes(user.down),
      formatTime(user.created),
    ]),
  }
}
