import type { ErrorKind } from '../protocol/errors.ts'
import type { Connection, Operator, Role, Rule, Setting, User } from '../protocol/methods.ts'
import type { Context } from './context.ts'

/** What a command came to. Its texts may come from outside: whoever shows them makes them safe. */
export interface Outcome {
  /** For programs. */
  readonly data: unknown
  /** For people: a line (none if empty), or a table. */
  readonly view: string | Table
  /** For people who have a line for it: what was done. Without it the view says it. */
  readonly told?: string
  /** What takes it back. */
  readonly undo?: Call
  /** The password that was made, and whose it is: then it is all of the view. */
  readonly secret?: { readonly user: string; readonly password: string }
  /** What a person at a terminal should know beside that. */
  readonly note?: string
  /** What may surprise the person later. They are in `data`, too. */
  readonly warnings?: readonly string[]
  /** What others lose by it, of a dry run: whoever is asked before it is done reads it. The view tells it, too. */
  readonly costs?: readonly string[]
  /** What could not be done, though the daemon refused nothing. */
  readonly problem?: string
}

export interface Table {
  readonly heading?: readonly string[]
  readonly rows: readonly (readonly string[])[]
  /** Indexes of the columns that are set flush right. */
  readonly right?: readonly number[]
}

/** A verb with its arguments, as a key, a dialog or an undo holds it. */
export interface Call {
  /** Its name in the table: one word, or two. */
  readonly verb: string
  readonly values: readonly string[]
  /** The flags given, without dashes; the empty text where a flag takes none. */
  readonly flags?: Readonly<Record<string, string>>
}

/** What a person is asked before something is done. */
export interface Question {
  readonly question: string
  /** What exactly it is about and what follows. */
  readonly facts: readonly string[]
  /** What the button that does it says. */
  readonly yes: string
  /** It is asked only where the daemon warns of something. */
  readonly onlyIfWarned?: boolean
}

/** What is known of those whom a verb may be about, as they were told last. */
export interface Known {
  user(name: string): Pick<User, 'connections'> | undefined
  operator(name: string): Pick<Operator, 'sessions'> | undefined
  connection(id: string): Pick<Connection, 'client' | 'destination' | 'user'> | undefined
  setting(name: string): Setting | undefined
  rule(id: string): Pick<Rule, 'text'> | undefined
  /** How many there are; null: nobody has told. */
  readonly users: number | null
  readonly connections: number | null
  /** Whether removing the only user lets clients in without a password; null: nobody has told. */
  readonly lastUserOpens: boolean | null
}

/** A row of the command table: all that is to be known of one verb, for `--exec`, for the `:` line and for keys. */
export interface Verb<Arguments extends string = string> {
  /** What follows the verb: `NAME` is needed, `[NAME]` may be left out, `NAME...` repeats. Repeated ones come last. */
  readonly arguments: Arguments
  /** Flags, without their dashes. */
  readonly flags?: Readonly<Record<string, Flag>>
  readonly summary: string
  /** What an argument is made of, where its name does not tell, and what that means: for `help`. */
  readonly words?: readonly (readonly [string, string])[]
  /** What the person must be at least; anybody may if it is not there. The daemon sees to it. */
  readonly role?: Role
  /** It changes something or hands out secrets: not for a read-only session, but for a dry run. The daemon sees to that, too. */
  readonly logged?: true
  /** What the arguments are, for completion: each stands for one, the last for those that repeat, too. */
  readonly takes?: readonly Kind[]
  /** Whom its first argument names anew. */
  readonly makes?: 'user' | 'operator'
  /** What a form for it is headed with; the name of whom it is about follows. */
  readonly form?: string
  /** It shows as unknown what a daemon does not tell, so that one that is in trouble, or another release, can be asked all the same. */
  readonly lenient?: true
  /** Its arguments may hold a secret, so the line is kept nowhere. */
  readonly confidential?: true
  /** What to do when the daemon refuses. */
  readonly hints?: Readonly<Partial<Record<ErrorKind, string>>>
  /**
   * What whoever can ask the person should ask before; a text tells why there is nothing to do. Null, or without it: nothing.
   */
  ask?(values: Values<Arguments>, flags: Flags, known: Known): Question | string | null
  /** Check the values, throwing `UsageError`, and return the deed itself. */
  prepare(values: Values<Arguments>, flags: Flags): Deed
}

/** What a person may pick an argument from. */
export type Kind =
  | 'user'
  | 'group'
  | 'limit'
  | 'userOrLimit'
  | 'operator'
  | 'role'
  | 'connection'
  | 'connectionOrUser'
  | 'setting'
  | 'liveSetting'
  | 'value'
  | 'rule'
  | 'verb'

/** What a flag does; the one who takes a value says what stands for it in the help. */
export type Flag = string | { readonly value: string; readonly summary: string; readonly choices?: readonly string[] }

/** The flags that are given and their values: the empty text where a flag takes none. */
export type Flags = ReadonlyMap<string, string>

/** Does it, and tells what came of it: once, or again and again if it goes on until it is interrupted. */
export type Deed = (context: Context) => Promise<Outcome> | AsyncIterable<Outcome>

/** The values that the text of a verb's arguments stands for. */
type Values<Arguments extends string> = string extends Arguments
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
