import { groupFields } from '../filter/management-fields.ts'
import { counted } from '../format/count.ts'
import { everyPage } from './context.ts'
import { filterWords, readFilter } from './filter-words.ts'
import { changedText, limitText, readLimitWords, wordsBefore } from './limit-words.ts'
import { unlessStored } from './new-password.ts'
import { UsageError } from './usage.ts'
import { verb } from './verb.ts'

const unknownGroup = { not_found: "list the groups with 'groups'" }

export const groupVerbs = {
  groups: verb({
    arguments: '[WORD...]',
    role: 'operator',
    summary: 'list groups of users, their members and limits',
    words: filterWords,
    prepare: (words) => {
      const { matches } = readFilter(groupFields, words)
      return async ({ call }) => {
        const groups = (await everyPage((from) => call('groups.list', from))).flatMap((page) =>
          page.groups.filter(matches),
        )
        return {
          data: groups,
          view: {
            heading: ['NAME', 'MEMBERS', 'LIMITS'],
            right: [1],
            rows: groups.map(({ name, members, limits }) => [name, String(members), limitText(limits)]),
          },
        }
      }
    },
  }),
  'groups add': verb({
    arguments: 'NAME [FIELD=VALUE...]',
    takes: ['group', 'limit'],
    role: 'admin',
    logged: true,
    summary: 'add a group of users, and what they may',
    hints: { exists: "change it with 'groups set'" },
    prepare: ([name, ...words]) => {
      const { fields } = readFields(words)
      return async ({ call }) => {
        const result = await call('groups.add', { name, fields })
        return {
          data: { name, fields, ...result },
          view: `added the group ${name}${words.length === 0 ? '' : `: ${changedText(fields)}`}`,
          undo: { verb: 'groups remove', values: [name] },
        }
      }
    },
  }),
  'groups set': verb({
    arguments: 'NAME FIELD=VALUE...',
    takes: ['group', 'limit'],
    role: 'admin',
    logged: true,
    flags: { revision: { value: 'N', summary: 'only if nobody has changed it since this revision' } },
    summary: "change limits; 'default' is everybody's",
    hints: unknownGroup,
    prepare: ([name, ...words], flags) => {
      const { fields } = readFields(words)
      const ifRevision = revisionIn(flags)
      return async ({ call }) => {
        const result = await call('groups.set', { name, fields, ...ifRevision })
        return {
          data: { name, fields, ...result },
          view: `changed the group ${name}, ${counted(result.members, 'user')}: ${changedText(fields)}`,
          ...unlessStored(result),
          undo: {
            verb: 'groups set',
            values: [name, ...wordsBefore(fields, result.before)],
            flags: { revision: String(result.revision) },
          },
        }
      }
    },
  }),
  'groups remove': verb({
    arguments: 'NAME',
    takes: ['group'],
    role: 'admin',
    logged: true,
    summary: 'remove a group that has no members',
    hints: unknownGroup,
    prepare:
      ([name]) =>
      async ({ call }) => {
        await call('groups.remove', { name })
        return { data: { name }, view: `removed the group ${name}` }
      },
  }),
}

/** Throws `UsageError` if one of the words is no `FIELD=VALUE`. */
function readFields(words: readonly string[]) {
  const { names, fields } = readLimitWords(words)
  if (names.length > 0) throw new UsageError('what follows NAME is FIELD=VALUE')
  return { fields }
}

/** Throws `UsageError` if it is no number. */
export function revisionIn(flags: ReadonlyMap<string, string>): { ifRevision?: number } {
  const text = flags.get('revision')
  if (text === undefined) return {}
  if (!/^\d{1,15}$/.test(text)) throw new UsageError('--revision takes a whole number')
  return { ifRevision: Number(text) }
}
