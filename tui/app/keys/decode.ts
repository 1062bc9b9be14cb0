import type { Key } from 'ink'
import type { Edit } from '../text/edit.ts'

/** Keys that Ink tells by a flag, by the names that the key table uses. */
const named = {
  upArrow: 'up',
  downArrow: 'down',
  leftArrow: 'left',
  rightArrow: 'right',
  pageUp: 'pgup',
  pageDown: 'pgdn',
  home: 'home',
  end: 'end',
  return: 'enter',
  escape: 'esc',
  backspace: 'backspace',
  delete: 'delete',
} as const satisfies Partial<Record<keyof Key, string>>

/** Characters that are keys of their own when they come in the middle of others. */
const controls: Readonly<Record<string, string>> = { '\r': 'enter', '\n': 'enter', '\t': 'tab', ' ': 'space' }

/**
 * The names of the keys in what Ink heard, which is one key, or several characters that arrived together: `j`, `space`,
 * `ctrl+f`, `shift+tab`, `enter`. Characters stand for themselves.
 */
export function decodeKeys(input: string, key: Key): string[] {
  if (key.tab) return [key.shift ? 'shift+tab' : 'tab']
  const name = Object.entries(named).find(([flag]) => key[flag as keyof Key])?.[1]
  if (name) return [name]
  if (key.ctrl) return [`ctrl+${input}`]
  if (key.meta) return [`alt+${input}`]
  return Array.from(input, (character) => controls[character] ?? controlName(character) ?? character)
}

function controlName(character: string): string | undefined {
  const code = character.charCodeAt(0)
  return code >= 1 && code <= 26 ? `ctrl+${String.fromCharCode(code + 96)}` : undefined
}

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
