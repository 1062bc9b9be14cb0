import type { ErrorKind } from '../protocol/errors.ts'
import type { Method, Params, Result } from '../protocol/methods.ts'

/** What a command may use of the program that runs it. */
export interface Context {
  call<M extends Method>(method: M, params: Params<M>): Promise<Result<M>>
  /** Get a user's new password from where the person chose to give it. */
  readPassword(source: PasswordSource, user: string): Promise<string>
}

export type PasswordSource = 'stdin' | 'prompt'

/** What a command came to. Its texts may come from outside: whoever shows them makes them safe. */
export interface Outcome {
  /** For programs. */
  readonly data: unknown
  /** For people: a line (none if empty), or a table. */
  readonly view: string | Table
  /** What a person at a terminal should know beside that. */
  readonly note?: string
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
  /** Flags, without their dashes, and what they do. */
  readonly flags?: Readonly<Record<string, string>>
  readonly summary: string
  /** What to do when the daemon refuses. */
  readonly hints?: Readonly<Partial<Record<ErrorKind, string>>>
  /** Check the values, throwing `UsageError`, and return the deed itself. */
  prepare(values: Values<Arguments>, flags: ReadonlySet<string>): Deed
}

export type Deed = (context: Context) => Promise<Outcome>

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
