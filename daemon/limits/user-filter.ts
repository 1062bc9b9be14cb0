import { matchGlob } from '../../shared/glob.ts'
import { formatLimit, isLimit, type LimitName, type LimitValue, limitNames, parseLimit } from '../../shared/limits.ts'
import type { Account } from '../access/accounts.ts'
import type { Groups } from '../access/groups.ts'
import type { Effective } from './effective-limits.ts'

/** Whom a change is about, by what they are. */
export type UserFilter = (account: Account, limits: Effective) => boolean

/**
 * Reads an expression such as `group=staff enabled=true max-connections!=none name="b*"`: what all of whose words are true.
 * They may be written as those of a filter, too: `group:staff !enabled:true`. Throws a RangeError with a sentence for people.
 */
export function parseUserFilter(text: string, groups: Groups): UserFilter {
  const words = text.match(/(?:[^\s"]|"[^"]*"?)+/g) ?? []
  if (words.length === 0) throw new RangeError('an expression is needed, such as group=staff')
  const filters = words.map((word) => parseWord(word, groups))
  return (account, limits) => filters.every((holds) => holds(account, limits))
}

function parseWord(word: string, groups: Groups): UserFilter {
  const [, turned = '', field = '', not = '', written = ''] = /^(!?)([\w-]+)(!?)[=:](.*)$/s.exec(word) ?? []
  const read = readerOf(field, groups)
  if (!read) {
    const known = ['name', 'enabled', 'stored', ...limitNames].join(', ')
    throw new RangeError(`${JSON.stringify(word)} is not FIELD=VALUE or FIELD!=VALUE with one of the fields ${known}`)
  }
  const holds = matchGlob(normal(field, written.replaceAll('"', '')))
  return (account, limits) => holds(read(account, limits)) === (turned === not)
}

type Reader = (account: Account, limits: Effective) => string

function readerOf(field: string, groups: Groups): Reader | undefined {
  switch (field) {
    case 'name':
      return ({ name }) => name
    case 'group':
      return ({ limits }) => groups.of(limits).name
    case 'enabled':
      return ({ enabled }) => String(enabled)
    case 'stored':
      return ({ id }) => String(id !== undefined)
    case 'note':
      return ({ limits }) => textOf('note', limits.note)
    default:
      return isLimit(field) ? (_, limits) => textOf(field, limits[field]?.value) : undefined
  }
}

function textOf(name: LimitName, value: LimitValue | undefined): string {
  return formatLimit(name, value ?? null)
}

/** `1000kB/s` and `1MB/s` are the same. */
function normal(field: string, written: string): string {
  if (!isLimit(field) || written.includes('*')) return written
  return textOf(field, parseLimit(field, written))
}
