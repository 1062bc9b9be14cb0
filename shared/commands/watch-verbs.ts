import { parseWatch, WatchError, watchWords } from '../filter/watch-text.ts'
import { formatTime } from '../format/time.ts'
import type { Watch } from '../protocol/methods.ts'
import { unlessStored } from './new-password.ts'
import { UsageError } from './usage.ts'
import { type Table, verb } from './verb.ts'

/** What the daemon is to look out for. */
export const watchVerbs = {
  watches: verb({
    arguments: '',
    role: 'operator',
    summary: 'list what the daemon looks out for',
    prepare:
      () =>
      async ({ call }) => {
        const { watches } = await call('watches.list', {})
        return { data: watches, view: tableOf(watches) }
      },
  }),
  'watches add': verb({
    arguments: 'NAME WORD...',
    role: 'admin',
    logged: true,
    summary: 'look out for a rate, failed logins or a limit',
    words: watchWords,
    hints: { exists: "'watches remove NAME' makes room for another one" },
    prepare: ([name = '', ...words]) => {
      // A form has all of it as one.
      const text = words.length === 1 ? (words[0] ?? '') : words.map(quoted).join(' ')
      try {
        parseWatch(text)
      } catch (error) {
        throw error instanceof WatchError ? new UsageError(`${error.message}; see 'help watches add'`) : error
      }
      return async ({ call }) => {
        const { watch } = await call('watches.add', { name, text })
        return {
          data: watch,
          view: `watches for ${watch.text} as ${watch.name}`,
          undo: { verb: 'watches remove', values: [name] },
        }
      }
    },
  }),
  'watches remove': verb({
    arguments: 'NAME',
    role: 'admin',
    logged: true,
    summary: 'look out for something no longer',
    hints: { not_found: "list the watches with 'watches'" },
    prepare:
      ([name]) =>
      async ({ call }) => {
        const { text, stored } = await call('watches.remove', { name })
        return {
          data: { name, text, stored },
          view: `removed the watch ${name}: ${text}`,
          undo: { verb: 'watches add', values: [name, ...wordsOf(text)] },
          ...unlessStored({ stored }),
        }
      },
  }),
}

/** A name with spaces stays one word. */
function quoted(word: string): string {
  return /\s/.test(word) ? word.replace(/^([\w-]+:)?(.*)$/s, '$1"$2"') : word
}

function wordsOf(text: string): string[] {
  return Array.from(text.matchAll(/(?:"[^"]*"|\S)+/g), ([word]) => word.replaceAll('"', ''))
}

function tableOf(watches: readonly Watch[]): Table {
  return {
    heading: ['NAME', 'LOOKS OUT FOR', 'FIRING', 'FIRED', 'BY', 'ADDED'],
    right: [3],
    rows: watches.map(({ name, text, firing, fired, by, created }) => [
      name,
      text,
      firing.join(',') || '-',
      String(fired),
      by,
      formatTime(created),
    ]),
  }
}
