import { ruleFields, ruleVerdict, ruleWhose } from '../../../shared/filter/management-fields.ts'
import { formatDuration } from '../../../shared/format/time.ts'
import type { Rule } from '../../../shared/protocol/methods.ts'
import { fadeZero, numberColumn, textColumn } from './columns.ts'
import { compareIds, type TableSpec } from './table-spec.ts'

const idOf = ({ id }: Rule) => String(id)
/** What it is about: all behind the verdict. */
const aboutOf = (rule: Rule) => {
  const about = rule.text.slice(ruleVerdict(rule).length).trim() || 'everything'
  return rule.unknown ? about.replace(/^\w+:(?:"(?:[^"\\]|\\.)*"|\S+)/, '$& (nobody)') : about
}
const lastOf = ({ last }: Rule) => last ?? 0

/** Whether it is a line of the rules; what the daemon and its settings say is seen, not changed here. */
export function isLine({ place }: Rule): boolean {
  return place !== null
}

/** A rule, and which one it is in the order in which they are asked. */
export interface RuleRow extends Rule {
  readonly at: number
}

export function ruleRows(rules: readonly Rule[]): RuleRow[] {
  return rules.map((rule, at) => ({ ...rule, at }))
}

/** The rules, and what the daemon adds of its own. */
export const rulesTable: TableSpec<RuleRow> = {
  id: idOf,
  fields: ruleFields,
  columns: [
    numberColumn(
      'place',
      '#',
      4,
      ({ place }) => place ?? 0,
      (place) => (place === 0 ? '-' : String(place)),
      {
        greatestFirst: false,
        compare: (one, other) => one.at - other.at,
      },
    ),
    textColumn('verdict', 'Verdict', ruleVerdict, {
      width: 8,
      tone: (rule) => (isLine(rule) ? (ruleVerdict(rule) === 'allow' ? 'good' : 'bad') : null),
    }),
    textColumn('about', 'Who, from where, to what', aboutOf, {
      width: 30,
      widest: 120,
      tone: ({ unknown }) => (unknown ? 'warning' : null),
    }),
    textColumn('whose', 'Whose', ruleWhose, { width: 7, dispensable: 1 }),
    textColumn('id', 'Id', idOf, {
      width: 5,
      dispensable: 4,
      compare: (one, other) => compareIds(idOf(one), idOf(other)),
    }),
    numberColumn('lately', '1 min', 6, ({ lately }) => lately, String, {
      dispensable: 0,
      tone: fadeZero(({ lately }) => lately),
    }),
    numberColumn('hits', 'Hits', 9, ({ hits }) => hits, String, { dispensable: 3 }),
    numberColumn('last', 'Last hit', 9, lastOf, (last, { now }) => (last === 0 ? '-' : formatDuration(now - last)), {
      dispensable: 2,
    }),
  ],
}
