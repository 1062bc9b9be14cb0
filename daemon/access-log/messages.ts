import type { AccessEntry, Params, Result } from '../../shared/protocol/methods.ts'
import type { Settings } from '../../shared/settings.ts'
import type { Rotation } from './log-file.ts'

/** What the log thread is to do; see the settings table. */
export interface LogSettings {
  /** Undefined: nothing is written. `-`: standard output. */
  readonly file: string | undefined
  readonly format: Settings['access-log-format']
  readonly events: readonly string[]
  /** Milliseconds. */
  readonly alive: number
  readonly mask: Settings['access-log-mask']
  readonly names: boolean
  readonly rotation: Rotation
}

/** What the log thread begins with. */
export interface LogThreadOptions {
  /** Of the tables, in the order of their loops. */
  readonly tables: readonly { readonly capacity: number; readonly buffer: SharedArrayBuffer }[]
  /** By table: how many sessions had ended before those that are to be told of. */
  readonly from: readonly number[]
  /** Begins the ids of all connections. */
  readonly tag: string
  readonly settings: LogSettings
  /** A cell of Float64: lines for the file so far. */
  readonly written: SharedArrayBuffer
  /** Entries that are in no file until now. */
  readonly dropped: number
}

/** Which entries somebody wants: see the protocol. */
export type ListWish = Params<'access.list'>
export type FollowWish = Params<'access.subscribe'>

/** To the log thread. */
export type ToLog =
  | { readonly kind: 'settings'; readonly settings: LogSettings }
  /** From that moment on, of `performance.now`, these users have these indices. */
  | { readonly kind: 'users'; readonly users: readonly (readonly [number, string])[]; readonly from: number }
  | { readonly kind: 'reopen' }
  | { readonly kind: 'list'; readonly ticket: number; readonly wish: ListWish }
  /** The reply, under the same number as what comes after it, are the last `history` entries. */
  | { readonly kind: 'follow'; readonly ticket: number; readonly wish: FollowWish }
  /** A follower has taken so many characters. */
  | { readonly kind: 'taken'; readonly ticket: number; readonly characters: number }
  | { readonly kind: 'unfollow'; readonly ticket: number }
  | { readonly kind: 'close' }

/** From the log thread. */
export type FromLog =
  | { readonly kind: 'listed'; readonly ticket: number; readonly page: Result<'access.list'> }
  /** Why there is no such list, or nothing to follow. */
  | {
      readonly kind: 'refused'
      readonly ticket: number
      readonly why: 'invalid' | 'unavailable'
      readonly reason: string
    }
  | { readonly kind: 'followed'; readonly ticket: number; readonly entries: readonly AccessEntry[] }
  /** For a follower: entries as a JSON array, and how many before them it misses. */
  | { readonly kind: 'entries'; readonly ticket: number; readonly entries: string; readonly missed: number }
  | { readonly kind: 'state'; readonly dropped: number; readonly problem: string | null }
  | { readonly kind: 'warn'; readonly message: string }
