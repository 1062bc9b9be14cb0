import { bashCompletion } from './bash.ts'
import { fishCompletion } from './fish.ts'
import type { Program } from './program.ts'
import { zshCompletion } from './zsh.ts'

const writers = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion } as const

export type Shell = keyof typeof writers

/** The shells that there is a completion script for. */
export const shells = Object.keys(writers) as Shell[]

/** What makes `shell` complete the program's flags and their values. */
export function completionScript(shell: Shell, program: Program): string {
  return writers[shell](program)
}
