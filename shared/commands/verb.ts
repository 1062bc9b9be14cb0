import type { ErrorKind } from '../protocol/errors.ts'
import type { EventName, EventParams, Method, Params, Result, Role } from '../protocol/methods.ts'

/** What a command may use of the program that runs it. */
export interface Context {
  call<M extends Method>(method: M, params: Params<M>): Promise<Result<M>>
  /** Hear an event from then on, until the iteration throws why the connection has ended. */
  events<E extends EventName>(event: E): Promise<AsyncIterable<EventParams<E>>>
  /** Get the new password of a user, or of an operator, from where the person chose to give it. */
  readPassword(source: PasswordSource, user: string): Promise<string>
}

export type PasswordSource = 'stdin' | 'prompt'

/** What a command came to. Its texts may come from outside: whoever shows them makes them safe. */
export interface Outcome {
  /** For programs. */
  readonly data: unknown
  /** For people: a line (none if empty), or a table. */
  readonly view: string | Table
  /** The password that was made, and whose it is: then it is all of the view. */
  readonly secret?: { readonly user: string; readonly password: string }
  /** What a person at a terminal should know beside that. */
  readonly note?: string
  /** What may surprise the person later. They are in `data`, too. */
  readonly warnings?: readonly string[]
  /** What could not be done, though the daemon refused nothing. */
  readonly problem?: string
}

export interface Table {
  readonly heading?: readonly string[]
  readonly rows: readonly (readonly string[])[]
  /** Indexes of the columns that are set flush right. */
  readonly right?: readonly number[]
}

/** A row of the command table: grammar, help and deed of one verb. */
export interface Verb<Arguments extends string = string> {
  /** What follows the verb: `NAME` is needed, `[NAME]` may be left out, `NAME...` repeats. Repeated ones come last. */
  readonly arguments: Arguments
  /** Flags, without their dashes. */
  readonly flags?: Readonly<Record<string, Flag>>
  readonly summary: string
  /** What the person must be at least; anybody may if it is not there. The daemon sees to it. */
  readonly role?: Role
  /** What the arguments are, for completion: each stands for one, the last for those that repeat, too. */
  readonly takes?: readonly Kind[]
  /** What it does cannot be taken back, so whoever can ask the person before should. */
  readonly destroys?: true
  /** Its arguments may hold a secret, so the line is kept nowhere. */
  readonly confidential?: true
  /** What to do when the daemon refuses. */
  readonly hints?: Readonly<Partial<Record<ErrorKind, string>>>
  /** Check the values, throwing `UsageError`, and return the deed itself. */
  prepare(values: Values<Arguments>, flags: Flags): Deed
}

/** What a person may pick an argument from. */
export type Kind = 'user' | 'operator' | 'role' | 'connection' | 'setting' | 'liveSetting' | 'value' | 'verb'

/** What a flag does; the one who takes a value says what stands for it in the help. */
export type Flag = string | { readonly value: string; readonly summary: string; readonly choices?: readonly string[] }

/** The flags that are given and their values: the empty text where a flag takes none. */
export type Flags = ReadonlyMap<string, string>

/** Does it, and tells what came of it: once, or again and again if it goes on until it is interrupted. */
export type Deed = (context: Context) => Promise<Outcome> | AsyncIterable<Outcome>

/** The values that the text of a verb's arguments stands for. */
export type Values<Arguments extends string> = string extends Arguments
  ? readonly string[]
  : Arguments extends ''
    ? readonly []
    : Arguments extends `${infer First} ${infer Rest}`
      ? readonly [...Values<First>, ...Values<Rest>]
      : Arguments extends `[${string}...]`
        ? readonly string[]
        : Arguments extends `${string}...`
          ? readonly [string, ...string[]]
          : Arguments extends `[${string}]`
            ? readonly [string?]
            : readonly [string]

/** Types a row by its `arguments`; the table forgets these types, since the parser sees to it that they hold. */
export function verb<const Arguments extends string>(row: Verb<Arguments>): Verb {
  return row as unknown as Verb
}
