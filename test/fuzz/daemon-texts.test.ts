import { expect } from 'vitest'
import { Groups } from '../../daemon/access/groups.ts'
import { entryFilter } from '../../daemon/access-log/entry-filter.ts'
import { parseUserFilter } from '../../daemon/limits/user-filter.ts'
import { compileRules } from '../../daemon/policy/compile.ts'
import { formatRule, parseRules } from '../../daemon/policy/rule.ts'
import { RuleSyntaxError } from '../../daemon/policy/rule-words.ts'
import { Refusal } from '../../daemon/refusal.ts'
import { formatLimit, limitNames, parseLimit } from '../../shared/limits.ts'
import { check, understood } from './texts.ts'

const ruleWords = [
  'allow ',
  'deny ',
  'test ',
  'any ',
  'user:bob ',
  'group:"a b" ',
  'from ',
  'to ',
  'port ',
  'cmd ',
  'resolving ',
]
const ruleValues = [
  '10.0.0.0/8',
  '::1',
  '::ffff:1.2.3.4',
  '*.a.example',
  'ä.example',
  'special',
  '80',
  '1-65535',
  ',',
  ' ',
]
const ruleRest = [
  'connect',
  'until 2027-01-01T12:00Z ',
  'via 192.0.2.1',
  ' # note',
  '\n',
  '"',
  '\\',
  ' a.example:80 = deny',
]

check('rules', [...ruleWords, ...ruleValues, ...ruleRest], (text) => {
  const parsed = understood(RuleSyntaxError, () => parseRules(text))
  if (!parsed) return
  const again = parsed.rules.map(formatRule)
  expect(parseRules(again.join('\n')).rules.map(formatRule)).toEqual(again)
  const numbered = parsed.rules.map((rule, i) => ({
    rule,
    id: 16 + i,
    to: rule.to.filter(({ kind }) => kind !== 'file'),
  }))
  compileRules(numbered, () => undefined)
})

const amounts = [
  '1',
  '0',
  '50',
  '.5',
  'e9',
  'k',
  'MB',
  'GiB',
  'bit',
  '/s',
  'd',
  'none',
  'cut',
  '-',
  ',',
  ' ',
  '2027-01-31',
  'T12:00Z',
]

check('limits', [...amounts, '10.0.0.0/8', '::1', 'eth0', 'Europe/Berlin', 'staff', 'first-use'], (text) => {
  for (const name of limitNames) {
    const value = understood(RangeError, () => parseLimit(name, text))
    if (value === undefined) continue
    const written = formatLimit(name, value)
    expect(parseLimit(name, written), `${name}: ${written}`).toEqual(value)
  }
})

const groups = new Groups([])
const users = [
  'name',
  'group',
  'quota',
  'enabled',
  '=',
  '!=',
  'b*b',
  '"',
  'true',
  '10MB',
  ' ',
  'none',
  'max-connections',
]

check('user expressions', users, (text) => void understood(RangeError, () => parseUserFilter(text, groups)))

const filters = [
  'user:',
  'dst:',
  'reason:',
  'down',
  '>',
  '<',
  '1M',
  '!',
  '"',
  '~',
  '*',
  ' ',
  '10.0.0.0/8',
  ':443',
  '(',
  '[',
]

check('filters', filters, (text) => void understood(Refusal, () => entryFilter(text)))
