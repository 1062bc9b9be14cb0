import type { Flag, Program, Value, Word } from './program.ts'

/** The completion script for zsh: a file for its `fpath`, or to be evaluated. */
export function zshCompletion({ name, flags }: Program): string {
  const specs = flags.flatMap((flag) => flag.names.map((each) => specOf(each, flag)))
  return `#compdef ${name}
# zsh completion for ${name}, written by ${name} --completions zsh

_${name}() {
  _arguments -s \\
${specs.map((spec) => `    ${quote(spec)}`).join(' \\\n')}
}

if [[ $funcstack[1] == _${name} ]]; then
  _${name} "$@"
else
  compdef _${name} ${name}
fi
`
}

/** `*`: it may come again. `=`: its value may follow that, or be the next word. */
function specOf(name: string, { summary, value }: Flag): string {
  const equals = value && name.startsWith('--') ? '=' : ''
  return `*${name}${equals}[${escaped(summary)}]${value ? `:${escaped(value.placeholder)}:${action(value)}` : ''}`
}

function action({ kind, words }: Value): string {
  if (kind === 'file') return '_files'
  if (kind === 'folder') return '_files -/'
  return words.length > 0 ? `((${words.map(described).join(' ')}))` : ' '
}

/** A word and its summary, which zsh evaluates once more. */
function described({ text, summary }: Word): string {
  return summary === undefined ? text : `${text}\\:${quote(escaped(summary))}`
}

function escaped(text: string): string {
  return text.replace(/[\\\]:[]/g, '\\$&')
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}
