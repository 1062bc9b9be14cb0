import type { Edit } from '../text-field.ts'

/** What keys do in a text field, beside typing themselves. */
const editing: Readonly<Record<string, Edit>> = {
  backspace: { do: 'backspace' },
  delete: { do: 'delete' },
  'ctrl+d': { do: 'delete' },
  left: { do: 'left' },
  'ctrl+b': { do: 'left' },
  right: { do: 'right' },
  'ctrl+f': { do: 'right' },
  home: { do: 'start' },
  'ctrl+a': { do: 'start' },
  end: { do: 'end' },
  'ctrl+e': { do: 'end' },
  'ctrl+u': { do: 'erase' },
  'ctrl+w': { do: 'eraseWord' },
  space: { do: 'insert', text: ' ' },
}

/** The edit that a key stands for in a text field, if any. */
export function editOf(key: string): Edit | undefined {
  if (Object.hasOwn(editing, key)) return editing[key]
  return [...key].length === 1 ? { do: 'insert', text: key } : undefined
}
