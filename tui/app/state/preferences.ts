import type { Range } from '../../../shared/protocol/methods.ts'
import { ranges } from '../../../shared/protocol/vocabulary.ts'
import { type Drawing, drawings } from '../chart/bars.ts'
import { type ThemeChoice, themeChoices } from '../themes/theme.ts'
import type { NamedFilter, Sort } from './lists.ts'

/** What a person has chosen and wants to find again. What is missing was never chosen. */
export interface Preferences {
  readonly theme?: ThemeChoice | undefined
  readonly mouse?: boolean | undefined
  readonly rateUnit?: 'bytes' | 'bits' | undefined
  readonly range?: Range | undefined
  readonly logarithmic?: boolean | undefined
  readonly shared?: boolean | undefined
  readonly drawing?: Drawing | undefined
  readonly lists?: Readonly<Record<string, ListPreferences>> | undefined
}

/** Of one list. */
export interface ListPreferences {
  readonly sort?: Sort | undefined
  readonly columns?: readonly string[] | null | undefined
  readonly own?: readonly NamedFilter[] | undefined
}

/** Filters that are kept of a list at most, and characters of their names and of themselves. */
const most = { own: 20, name: 40, filter: 1024 }

/** The choices in what was saved, but for what cannot be read: a newer app may have written it. Null if it is no such thing. */
export function readPreferences(text: string): Preferences | null {
  const kept = parse(text)
  if (!isObject(kept)) return null
  const { theme, mouse, rateUnit, range, logarithmic, shared, drawing, lists } = kept
  return {
    theme: oneOf(themeChoices, theme),
    mouse: flag(mouse),
    rateUnit: oneOf(['bytes', 'bits'], rateUnit),
    range: oneOf(ranges, range),
    logarithmic: flag(logarithmic),
    shared: flag(shared),
    drawing: oneOf(drawings, drawing),
    lists: isObject(lists)
      ? Object.fromEntries(Object.entries(lists).map(([page, list]) => [page, isObject(list) ? readList(list) : {}]))
      : undefined,
  }
}

function readList({ sort, columns, own }: Readonly<Record<string, unknown>>): ListPreferences {
  return {
    sort: isSort(sort) ? sort : undefined,
    columns: columns === null || (Array.isArray(columns) && columns.every(isText)) ? columns : undefined,
    own: Array.isArray(own) && own.length <= most.own && own.every(isNamedFilter) ? own : undefined,
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isText(value: unknown): value is string {
  return typeof value === 'string'
}

function isSort(value: unknown): value is Sort {
  return isObject(value) && isText(value.column) && typeof value.descending === 'boolean'
}

function isNamedFilter(value: unknown): value is NamedFilter {
  if (!isObject(value) || !isText(value.name) || !isText(value.filter)) return false
  return value.name.length <= most.name && value.filter.length <= most.filter
}

function flag(value: unknown): boolean | undefined {
  return typeof value === 'boolean' ? value : undefined
}

function oneOf<Word extends string>(words: readonly Word[], value: unknown): Word | undefined {
  return words.find((word) => word === value)
}
