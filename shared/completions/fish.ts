import type { Flag, Program, Value } from './program.ts'

/** The completion script for fish. */
export function fishCompletion({ name, flags }: Program): string {
  const lines = flags.map(
    (flag) => `complete -c ${name} ${namesOf(flag)}${requestFor(flag.value)} -d ${quote(flag.summary)}`,
  )
  return `# fish completion for ${name}, written by ${name} --completions fish

complete -c ${name} -f
${lines.join('\n')}
`
}

function namesOf({ names }: Flag): string {
  return names.map((name) => (name.startsWith('--') ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`)).join(' ')
}

function requestFor(value: Value | undefined): string {
  if (!value) return ''
  const { kind, words } = value
  if (kind === 'file') return ' -r -F'
  if (kind === 'folder') return " -x -a '(__fish_complete_directories)'"
  if (words.length === 0) return ' -x'
  // fish reads this text once more, as words with a tab before what is said of them.
  const told = words.map(({ text, summary }) => (summary === undefined ? text : `${text}\\t${quote(summary)}`))
  return ` -x -a ${quote(told.join(' '))}`
}

function quote(text: string): string {
  return `'${text.replace(/['\\]/g, '\\$&')}'`
}
