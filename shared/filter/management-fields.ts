import { formatLimit, isLimit } from '../limits.ts'
import type { Ban, Group, Operator, Rule } from '../protocol/methods.ts'
import { amountField, type Fields, textField, wordField } from './fields.ts'

/** Why a source is kept out, in few words. */
export function banReason({ reason }: Ban): string {
  return banReasons[reason] ?? reason
}

const banReasons: Readonly<Record<string, string>> = {
  login: 'wrong passwords',
  malformed: 'not understood',
  silent: 'silent connections',
  operator: 'by operator',
}

/** Whose ban it is. */
export function banBy({ by }: Ban): string {
  return by ?? 'proxyd'
}

/** What a filter can ask of who is kept out. */
export const banFields: Fields<Ban> = {
  source: textField(({ source }) => source),
  why: wordField((ban) => [ban.reason, banReason(ban)]),
  by: wordField((ban) => [banBy(ban)]),
  lasts: amountField('time', ({ since, until }) => (until ?? Number.POSITIVE_INFINITY) - since),
}

/** `rate-down=10MB/s  quota=50GB`: as a command would set them. */
export function groupLimits({ limits }: Group): string {
  const texts = Object.entries(limits).map(([name, value]) =>
    isLimit(name) ? `${name}=${formatLimit(name, value)}` : name,
  )
  return texts.join('  ') || '-'
}

export const groupFields: Fields<Group> = {
  name: textField(({ name }) => name),
  limits: textField(groupLimits),
  members: amountField('count', ({ members }) => members),
}

/** `allow` or `deny`. */
export function ruleVerdict({ text }: Rule): string {
  return text.split(' ', 1)[0] ?? ''
}

/** Who says so: `rules`, a `setting`, or the daemon itself. */
export function ruleWhose({ source }: Rule): string {
  return source === 'built-in' ? 'proxyd' : source
}

export const ruleFields: Fields<Rule> = {
  verdict: wordField((rule) => [ruleVerdict(rule)]),
  text: textField(({ text }) => text),
  whose: wordField((rule) => [ruleWhose(rule)]),
  id: wordField(({ id }) => [String(id)]),
  hits: amountField('count', ({ hits }) => hits),
}

export const operatorFields: Fields<Operator> = {
  name: textField(({ name }) => name),
  role: wordField(({ role }) => [role]),
}
