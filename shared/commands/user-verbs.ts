import { userFields, userLasts, userState } from '../filter/user-fields.ts'
import { formatBytes } from '../format/bytes.ts'
import { counted } from '../format/count.ts'
import { formatTime } from '../format/time.ts'
import type { User } from '../protocol/methods.ts'
import { filterWords, readFilter } from './filter-words.ts'
import { revisionIn } from './group-verbs.ts'
import { changedText, limitText, readLimitWords, wordsBefore } from './limit-words.ts'
import { givePassword, passwordFlags, unlessStored } from './new-password.ts'
import { allUsers } from './rates.ts'
import { UsageError } from './usage.ts'
import { type Deed, type Flags, type Known, type Table, verb } from './verb.ts'

const unknownUser = { not_found: "list the users with 'users'" }

/** HTTP Basic ends a name at its first colon (RFC 7617, section 2). */
const onlySocks = ', who can log in by SOCKS5 alone: a name in an HTTP login has no colon'

export const userVerbs = {
  adduser: verb({
    arguments: 'NAME',
    makes: 'user',
    role: 'admin',
    logged: true,
    flags: passwordFlags,
    form: 'New user',
    summary: 'add a user; prints the password it makes, once',
    hints: { exists: "change the password with 'passwd'" },
    prepare: ([name], flags) =>
      givePassword(
        name,
        flags,
        () => `added ${name}${name.includes(':') ? onlySocks : ''}`,
        ({ call }, password) => call('users.add', { name, password }),
      ),
  }),
  deluser: verb({
    arguments: 'NAME',
    takes: ['user'],
    role: 'admin',
    logged: true,
    summary: 'delete a user and cut their connections',
    words: [['NAME', "for an hour they can come back, by 'users restore'"]],
    hints: unknownUser,
    ask: ([name], _, known) => ({
      question: `Delete user ${name}?`,
      facts: [
        `They cannot log in again; ${theirConnections(name, known)} will be cut.`,
        'For an hour it can be undone.',
        ...ifLast(name, known),
      ],
      yes: 'Delete',
    }),
    prepare:
      ([name]) =>
      async ({ call }) => {
        const { cut, opened, stored } = await call('users.remove', { name })
        const deleted = `deleted ${name}, ${cutConnections(cut)}`
        const view = opened ? `${deleted}; no user is left: from now on no password is required` : deleted
        const undo = { verb: 'users restore', values: [name] }
        return { data: { name, cut, opened, stored }, view, undo, ...unlessStored({ stored }) }
      },
  }),
  passwd: verb({
    arguments: 'NAME',
    takes: ['user'],
    role: 'admin',
    logged: true,
    flags: passwordFlags,
    form: 'New password of ',
    summary: 'change a password; prints the one it makes, once',
    words: [['NAME', "a user, whose live connections stay: 'cut user:NAME' ends them"]],
    hints: unknownUser,
    prepare: ([name], flags) =>
      givePassword(
        name,
        flags,
        () => `changed the password of ${name}`,
        ({ call }, password) => call('users.setPassword', { name, password }),
      ),
  }),
  enable: verb({
    arguments: 'NAME',
    takes: ['user'],
    role: 'operator',
    logged: true,
    summary: 'let a user in again',
    hints: unknownUser,
    prepare: ([name]) => setEnabled(name, true),
  }),
  disable: verb({
    arguments: 'NAME',
    takes: ['user'],
    role: 'operator',
    logged: true,
    summary: 'keep a user out and cut their connections',
    hints: unknownUser,
    ask: ([name], _, known) => ({
      question: `Disable user ${name}?`,
      facts: [`They cannot log in until enabled again; ${theirConnections(name, known)} will be cut.`],
      yes: 'Disable',
    }),
    prepare: ([name]) => setEnabled(name, false),
  }),
  users: verb({
    arguments: '[WORD...]',
    role: 'operator',
    summary: 'list users that match a filter, their traffic and limits',
    words: filterWords,
    prepare: (words) => {
      const { matches, asks } = readFilter(userFields, words)
      return async (context) => {
        const users = (await allUsers(context, asks)).filter(matches).map(({ user }) => user)
        return { data: users, view: tableOf(users) }
      }
    },
  }),
  'users restore': verb({
    arguments: 'NAME',
    role: 'admin',
    logged: true,
    summary: 'have one come back who was deleted within the hour',
    hints: { exists: 'it has been added anew since' },
    prepare:
      ([name]) =>
      async ({ call }) => {
        await call('users.restore', { name })
        return {
          data: { name },
          view: `${name} is back, with the password and limits of before`,
          undo: { verb: 'deluser', values: [name] },
        }
      },
  }),
  'users set': verb({
    arguments: '[NAME...] FIELD=VALUE...',
    takes: ['userOrLimit'],
    role: 'admin',
    logged: true,
    flags: {
      where: { value: 'EXPR', summary: "in place of NAME: all of whom it is true, such as 'group=staff name=b*'" },
      revision: { value: 'N', summary: 'only if nobody has changed them since this revision' },
    },
    summary: "change limits; 'help limits' has the fields",
    hints: { not_found: "list them with 'users' and 'groups'", conflict: 'look, then try again' },
    prepare: (words, flags) => {
      const { names, fields } = readLimitWords(words)
      const chosen = chosenBy(names, flags)
      const ifRevision = revisionIn(flags)
      if (Object.keys(fields).length === 0) throw new UsageError('FIELD=VALUE is needed, such as rate-down=10MB/s')
      return async ({ call }) => {
        const result = await call('users.set', { ...chosen, fields, ...ifRevision })
        const [name] = names
        return {
          data: { ...chosen, fields, ...result },
          view: `changed ${names.length === 1 ? name : counted(result.changed, 'user')}: ${changedText(fields, result.after)}`,
          ...unlessStored(result),
          ...(result.before &&
            name !== undefined && {
              undo: {
                verb: 'users set',
                values: [name, ...wordsBefore(fields, result.before)],
                flags: { revision: String(result.revision) },
              },
            }),
        }
      }
    },
  }),
  'users reset-quota': verb({
    arguments: '[NAME...]',
    takes: ['user'],
    role: 'admin',
    logged: true,
    flags: { where: { value: 'EXPR', summary: 'in place of NAME: all of whom it is true' } },
    summary: 'let quotas begin anew now',
    hints: unknownUser,
    prepare: (names, flags) => {
      const chosen = chosenBy(names, flags)
      return async ({ call }) => {
        const { reset } = await call('users.resetQuota', chosen)
        const view = `the quota of ${names.length === 1 ? names[0] : counted(reset, 'user')} begins anew`
        return { data: { ...chosen, reset }, view }
      }
    },
  }),
}

/** Throws `UsageError` unless there are either names or an expression. */
function chosenBy(names: readonly string[], flags: Flags): { names: string[] } | { where: string } {
  const where = flags.get('where')
  if ((where === undefined) === (names.length === 0)) throw new UsageError('a NAME is needed, or --where, not both')
  return where === undefined ? { names: [...names] } : { where }
}

function setEnabled(name: string, enabled: boolean): Deed {
  return async ({ call }) => {
    const { cut, stored } = await call('users.setEnabled', { name, enabled })
    return {
      data: { name, enabled, cut, stored },
      view: enabled ? `enabled ${name}` : `disabled ${name}, ${cutConnections(cut)}`,
      ...(cut > 0 && { told: `disabled ${name}, ${cutConnections(cut)} for good` }),
      undo: { verb: enabled ? 'disable' : 'enable', values: [name] },
      ...unlessStored({ stored }),
    }
  }
}

function cutConnections(count: number): string {
  return `cut ${counted(count, 'connection')}`
}

/** For a question, from what is known of them. */
function theirConnections(name: string, known: Known): string {
  const user = known.user(name)
  return user ? counted(user.connections, 'connection') : 'their connections'
}

/** What deleting the last user does to everyone else. */
function ifLast(name: string, { user, users, lastUserOpens }: Known): string[] {
  if (users !== 1 || !user(name) || lastUserOpens === false) return []
  return [`It is the last user: from then on ${lastUserOpens ? '' : 'it may be that '}no password is required.`]
}

function tableOf(users: readonly User[]): Table {
  return {
    heading: ['NAME', 'STATE', 'LASTS', 'CONNECTIONS', 'DOWN', 'UP', 'CREATED', 'LIMITS'],
    right: [3, 4, 5],
    rows: users.map((user) => [
      user.name,
      userState(user),
      userLasts(user),
      String(user.connections),
      formatBytes(user.down),
      formatBytes(user.up),
      formatTime(user.created),
      limitText(user.limits ?? {}),
    ]),
  }
}
