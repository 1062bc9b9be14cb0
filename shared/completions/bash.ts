import type { Flag, Program, Value } from './program.ts'

/** The completion script for bash 4 and newer. */
export function bashCompletion({ name, flags }: Program): string {
  const complete = `_${name.replaceAll('-', '_')}`
  const cases = flags.flatMap(({ names, value }) => (value ? [`    ${names.join('|')}) ${answer(value)} ;;`] : []))
  return `# bash completion for ${name}, written by ${name} --completions bash

${complete}() {
  local word=$2 before=\${COMP_WORDS[COMP_CWORD-1]}
  COMPREPLY=()
  # bash takes --flag=value for three words.
  if [[ \${COMP_WORDS[COMP_CWORD]} == = ]]; then
    word=
  elif [[ $before == = ]]; then
    before=\${COMP_WORDS[COMP_CWORD-2]}
  fi
  case $before in
${cases.join('\n')}
    *) ${words(flags.flatMap(longestOf))} ;;
  esac
}

complete -F ${complete} ${name}
`
}

function longestOf({ names }: Flag): string[] {
  return names.slice(-1)
}

function answer({ kind, words: known }: Value): string {
  if (kind === 'file') return 'compopt -o default'
  if (kind === 'folder') return 'compopt -o dirnames'
  return known.length > 0 ? words(known.map(({ text }) => text)) : ':'
}

function words(texts: readonly string[]): string {
  return `COMPREPLY=($(compgen -W '${texts.join(' ')}' -- "$word"))`
}
