/** What was done at a daemon, as a line of commands. */
export interface DoneCommand {
  readonly line: string
  /** Where. */
  readonly place: string
  /** Milliseconds since 1970 by this machine's clock. */
  readonly at: number
  /** Whether the daemon has agreed. */
  readonly done: boolean
}

/** Lines kept, and the characters of one: a text of rules may be long. */
const most = 200
const longest = 2000

/** With one more, the newest last; too long a line is left out, since half of it would be another command. */
export function remember(commands: readonly DoneCommand[], command: DoneCommand): readonly DoneCommand[] {
  return command.line.length > longest ? commands : [...commands, command].slice(-most)
}
