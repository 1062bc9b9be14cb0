import { isOfGroups, type LimitField, limitFields, limitNames } from '../../../shared/limits.ts'
import type { Group, User } from '../../../shared/protocol/methods.ts'
import { emptyField, fieldOf } from '../text/edit.ts'
import { blankForm, type Form, type FormField } from './forms.ts'
import { inherited, ownText } from './limits.ts'

const advice = 'Empty is what the group has; none is no limit. Enter sets what has changed.'

/** A form for the limits of a user. */
export function userLimitsForm({ name, group, limits, revision }: User, groups: readonly Group[] | null): Form {
  return {
    ...blankForm,
    purpose: 'users set',
    given: [name],
    flags: { revision: String(revision) },
    title: `Limits of ${name}`,
    advice,
    fields: limitNames.map((field) => {
      const plain = limitField(field, ownText(limits, field), inherited(field, group, groups))
      return field === 'group' && groups ? { ...plain, advice: `${plain.advice}: ${namesOf(groups)}` } : plain
    }),
  }
}

/** Those that a person may have in mind. */
function namesOf(groups: readonly Group[]): string {
  return groups.map(({ name }) => name).join(', ')
}

/** A form for the limits that a group's members have. */
export function groupLimitsForm({ name, limits, revision }: Group, groups: readonly Group[] | null): Form {
  return {
    ...blankForm,
    purpose: 'groups set',
    given: [name],
    flags: { revision: String(revision) },
    title: `Limits of the group ${name}`,
    advice,
    fields: groupFields(limits, name === 'default' ? null : groups),
  }
}

/** A form for a new group. */
export function newGroupForm(groups: readonly Group[] | null): Form {
  const name: FormField = { ...emptyField, name: 'group-name', label: 'Name', as: 'value' }
  return { ...blankForm, purpose: 'groups add', title: 'New group', advice, fields: [name, ...groupFields({}, groups)] }
}

function groupFields(limits: Group['limits'], groups: readonly Group[] | null): FormField[] {
  return limitNames
    .filter(isOfGroups)
    .map((field) => limitField(field, ownText(limits, field), inherited(field, null, groups)))
}

function limitField(name: keyof typeof limitFields, text: string, ghost: string): FormField {
  const { placeholder, choices, summary }: LimitField = limitFields[name]
  return {
    ...fieldOf(text),
    name,
    label: name,
    as: 'limit',
    was: text,
    ghost: ghost || '-',
    advice: `${choices ? choices.join('|') : placeholder}: ${summary}`,
  }
}
