import { formatBytes } from '../format/bytes.ts'
import { formatTime } from '../format/time.ts'
import type { User } from '../protocol/methods.ts'
import { everyPage } from './every-page.ts'
import { givePassword, passwordFlags } from './password-flags.ts'
import { type Deed, type Table, verb } from './verb.ts'

const unknownUser = { not_found: "list the users with 'users'" }

export const userVerbs = {
  adduser: verb({
    arguments: 'NAME',
    role: 'admin',
    flags: passwordFlags,
    summary: 'add a user; prints the password it makes, once',
    hints: { exists: "change the password with 'passwd'" },
    prepare: ([name], flags) =>
      givePassword(name, flags, `added ${name}`, ({ call }, password) => call('users.add', { name, password })),
  }),
  deluser: verb({
    arguments: 'NAME',
    takes: ['user'],
    role: 'admin',
    destroys: true,
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
    takes: ['user'],
    role: 'admin',
    flags: passwordFlags,
    summary: 'change a password; prints the one it makes, once',
    hints: unknownUser,
    prepare: ([name], flags) =>
      givePassword(name, flags, `changed the password of ${name}`, ({ call }, password) =>
        call('users.setPassword', { name, password }),
      ),
  }),
  enable: verb({
    arguments: 'NAME',
    takes: ['user'],
    role: 'operator',
    summary: 'let a user in again',
    hints: unknownUser,
    prepare: ([name]) => setEnabled(name, true),
  }),
  disable: verb({
    arguments: 'NAME',
    takes: ['user'],
    role: 'operator',
    destroys: true,
    summary: 'keep a user out and cut their connections',
    hints: unknownUser,
    prepare: ([name]) => setEnabled(name, false),
  }),
  cut: verb({
    arguments: 'NAME',
    takes: ['user'],
    role: 'operator',
    destroys: true,
    summary: "cut a user's connections; they may come back at once",
    hints: unknownUser,
    prepare:
      ([name]) =>
      async ({ call }) => {
        const { cut } = await call('users.cut', { name })
        return { data: { name, cut }, view: `${cutConnections(cut)} of ${name}` }
      },
  }),
  users: verb({
    arguments: '',
    role: 'operator',
    summary: 'list users, their live connections and traffic',
    prepare:
      () =>
      async ({ call }) => {
        const users = (await everyPage((from) => call('users.list', from))).flatMap((page) => page.users)
        return { data: users, view: tableOf(users) }
      },
  }),
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
