/** One line of text being edited. */
export interface TextField {
  readonly text: string
  /** Where typing goes: UTF-16 units before it, never inside a character. */
  readonly cursor: number
}

export const emptyField: TextField = { text: '', cursor: 0 }

export type Edit =
  | { readonly do: 'insert'; readonly text: string }
  | { readonly do: 'backspace' | 'delete' | 'left' | 'right' | 'start' | 'end' | 'erase' | 'eraseWord' }

const graphemes = new Intl.Segmenter()
const longest = 1024

/** A field with `text` in it and the cursor behind that. */
export function fieldOf(text: string): TextField {
  return { text, cursor: text.length }
}

/** The field after one edit. What is inserted loses its control characters (a paste cannot press Enter). */
export function editField(field: TextField, edit: Edit): TextField {
  const before = field.text.slice(0, field.cursor)
  const after = field.text.slice(field.cursor)
  switch (edit.do) {
    case 'insert': {
      const inserted = edit.text.replace(/\p{Cc}/gu, '').slice(0, longest - field.text.length)
      return { text: before + inserted + after, cursor: field.cursor + inserted.length }
    }
    case 'backspace':
      return join(before.slice(0, before.length - lastLength(before)), after)
    case 'delete':
      return join(before, after.slice(firstLength(after)))
    case 'left':
      return { text: field.text, cursor: field.cursor - lastLength(before) }
    case 'right':
      return { text: field.text, cursor: field.cursor + firstLength(after) }
    case 'start':
      return { text: field.text, cursor: 0 }
    case 'end':
      return fieldOf(field.text)
    case 'erase':
      return join('', after)
    case 'eraseWord':
      return join(before.replace(/\S*\s*$/u, ''), after)
  }
}

function join(before: string, after: string): TextField {
  return { text: before + after, cursor: before.length }
}

function firstLength(text: string): number {
  return graphemes.segment(text)[Symbol.iterator]().next().value?.segment.length ?? 0
}

function lastLength(text: string): number {
  return [...graphemes.segment(text)].at(-1)?.segment.length ?? 0
}
