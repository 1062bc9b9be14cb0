import { endReasonChoices, endReasonWords } from '../end-reasons.ts'
import { eventKindChoices, eventKindWords } from '../event-kinds.ts'
import type { EventEntry } from '../protocol/methods.ts'
import { amountField, type Fields, placeField, textField, wordField } from './fields.ts'

/** What stands where there is nothing. */
const none = '-'

/** What a filter can ask of something that happened. */
export const eventFields: Fields<EventEntry> = {
  kind: wordField(({ kind }) => [kind, eventKindWords(kind)], eventKindChoices),
  level: wordField(({ level }) => [level], ['info', 'warn', 'error']),
  user: wordField(({ user }) => [user ?? none]),
  src: placeField(({ source }) => source ?? ''),
  dst: placeField(({ destination }) => destination ?? ''),
  reason: wordField(
    ({ reason }) => (reason === undefined ? [none] : [reason, endReasonWords(reason)]),
    [none, ...endReasonChoices],
  ),
  text: textField(({ text }) => text),
  count: amountField('count', ({ count }) => count),
}
