import { type Edit, editField, emptyField, fieldOf, type TextField } from '../text/edit.ts'

/** The line at the bottom into which commands are typed. */
export interface CommandLine {
  /** Null: it is not open. */
  readonly field: TextField | null
  /** Lines carried out in this session, the oldest first; none that may hold a secret. */
  readonly history: readonly string[]
  /** The line of the history that is shown; its length: what was being typed, which `draft` keeps meanwhile. */
  readonly at: number
  readonly draft: string
  /** The words that Tab goes through, and the one shown. */
  readonly menu: Menu | null
  readonly problem: string | null
  /** The daemon has been asked and has not answered yet. */
  readonly running: boolean
}

interface Menu {
  /** Where the word begins, in UTF-16 units. */
  readonly from: number
  readonly candidates: readonly string[]
  readonly at: number
}

export type CommandEvent =
  | { readonly do: 'open' | 'close' | 'run' }
  | { readonly do: 'edit'; readonly edit: Edit }
  /** Put `text` in place of what stands between `from` and the cursor. */
  | { readonly do: 'complete'; readonly from: number; readonly text: string; readonly menu: Menu | null }
  | { readonly do: 'recall'; readonly by: number }
  | { readonly do: 'complain'; readonly problem: string }
  | { readonly do: 'remember'; readonly line: string }

const longestHistory = 100

const untouched = { menu: null, problem: null, running: false } as const

export const noCommand: CommandLine = { ...untouched, field: null, history: [], at: 0, draft: '' }

export function reduceCommand(line: CommandLine, event: CommandEvent): CommandLine {
  switch (event.do) {
    case 'open':
      return { ...line, ...untouched, field: emptyField, at: line.history.length, draft: '' }
    case 'close':
      return { ...line, ...untouched, field: null }
    case 'run':
      return { ...line, problem: null, running: true }
    case 'complain':
      return { ...line, problem: event.problem, running: false }
    case 'remember': {
      const history = [...line.history.filter((each) => each !== event.line), event.line].slice(-longestHistory)
      return { ...line, history, at: history.length }
    }
    case 'edit':
      return line.field ? { ...line, ...untouched, field: editField(line.field, event.edit) } : line
    case 'complete': {
      if (!line.field) return line
      const { text, cursor } = line.field
      const before = text.slice(0, event.from) + event.text
      return {
        ...line,
        ...untouched,
        field: { text: before + text.slice(cursor), cursor: before.length },
        menu: event.menu,
      }
    }
    case 'recall':
      return recall(line, event.by)
  }
}

function recall(line: CommandLine, by: number): CommandLine {
  const { field, history, at } = line
  const to = Math.max(0, Math.min(at + by, history.length))
  if (!field || to === at) return line
  const draft = at === history.length ? field.text : line.draft
  return { ...line, ...untouched, at: to, draft, field: fieldOf(history[to] ?? draft) }
}
