import type { User } from '../protocol/methods.ts'
import { amountField, type Fields, textField, wordField } from './fields.ts'

/** A user, and what several looks at them tell. */
export interface UserRow {
  readonly user: User
  /** Bytes a second. */
  readonly rate: { readonly up: number; readonly down: number }
}

/** Whether they may come, in a word. A daemon from before there were limits tells nothing of them. */
export function userState({ enabled, use }: User): 'disabled' | 'enabled' | 'used up' | 'slowed' | 'expired' {
  if (!enabled) return 'disabled'
  const ended = use?.ended ?? null
  return ended === null ? 'enabled' : ended === 'quota' ? 'used up' : ended
}

/** How long they are kept. */
export function userLasts({ stored }: User): string {
  return stored ? 'kept' : 'until restart'
}

/** What a filter can ask of a user that was looked at twice, a second apart. */
export const userFields: Fields<UserRow> = {
  user: wordField(({ user }) => [user.name]),
  state: wordField(({ user }) => [userState(user)]),
  group: wordField(({ user }) => [user.group]),
  note: textField(({ user }) => String(user.limits?.note ?? '')),
  lasts: textField(({ user }) => userLasts(user)),
  connections: amountField('count', ({ user }) => user.connections),
  rate: amountField('bytes', ({ rate }) => rate.down + rate.up),
  'down-rate': amountField('bytes', ({ rate }) => rate.down),
  'up-rate': amountField('bytes', ({ rate }) => rate.up),
  used: amountField('bytes', ({ user }) => user.use?.used ?? 0),
  down: amountField('bytes', ({ user }) => user.down),
  up: amountField('bytes', ({ user }) => user.up),
}
