import type { Command, CommanderError } from 'commander'
import { guessAt } from './likeliest.ts'

/** What is wrong with the flags of a program, in a line, with what was probably meant. */
export function mistakeIn({ code, message }: CommanderError, command: Command): string {
  const [, typed = ''] = /^error: unknown option '--?([^'=]*)/.exec(message) ?? []
  const problem = message.replace(/^error: |\.$/g, '').replaceAll('\n', ' ')
  if (code === 'commander.optionMissingArgument') {
    const about = command.options.find(({ flags }) => problem.includes(`'${flags}'`))?.description
    return about ? `${problem}: ${about}` : problem
  }
  if (code !== 'commander.unknownOption') return problem
  const names = command.options.flatMap(({ long }) => (long ? [long.slice(2)] : []))
  const guess = guessAt(typed, names, (name) => `--${name}`)
  return `there is no flag --${typed}${guess === undefined ? '' : `; ${guess}`}`
}
