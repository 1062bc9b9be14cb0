import { type Shape, shapeTexts } from '../../tui/judge/shapes.ts'
import type { Lie } from './lying-daemon.ts'

/** What becomes of the values of an answer or event; what is not named stays. */
interface Changes {
  readonly number?: (value: number, shape: Shape) => unknown
  readonly text?: (value: string) => unknown
  /** One of some words. */
  readonly word?: string
  readonly list?: (values: readonly unknown[]) => unknown
  readonly member?: (name: string) => boolean
}

function changed(shape: Shape | false | undefined, value: unknown, changes: Changes): unknown {
  if (!shape) return value
  const { number, text, word, list, member = () => true } = changes
  if (shape.anyOf) {
    const isOf = ({ type }: Shape) => value !== null && type !== 'null' && (type !== 'array') === !Array.isArray(value)
    return value === null ? null : changed(shape.anyOf.find(isOf), value, changes)
  }
  if (typeof value === 'number') return number ? number(value, shape) : value
  if (typeof value === 'string') return shape.format ? (word ?? value) : text ? text(value) : value
  if (Array.isArray(value)) {
    const all = value.map((one, at) => changed(shape.prefixItems?.[at] ?? shape.items, one, changes))
    return list && !shape.prefixItems ? list(all) : all
  }
  if (typeof value !== 'object' || value === null) return value
  const members = Object.entries(value).filter(([name]) => member(name))
  return Object.fromEntries(
    members.map(([name, one]) => {
      // What counts events is lied about by itself: else nothing would be heard of a table.
      if (name === 'seq') return [name, one]
      return [name, changed(shape.properties?.[name] ?? shape.additionalProperties, one, changes)]
    }),
  )
}

/** Changes all values of what is told, but for what lets somebody in. */
function all(changes: Changes): Lie {
  return ({ said, name, value }) => {
    if (said === 'error' || /^(session|auth|rpc)\.|^hello$/.test(name)) return undefined
    const text = shapeTexts[said][name]
    return text === undefined ? undefined : changed(JSON.parse(text), value, changes)
  }
}

const isWhole = ({ type }: Shape) => type === 'integer'
const most = (_: unknown, shape: Shape) => shape.maximum ?? (isWhole(shape) ? Number.MAX_SAFE_INTEGER : 1e308)
const least = (_: unknown, shape: Shape) => shape.minimum ?? (isWhole(shape) ? Number.MIN_SAFE_INTEGER : -1e308)

/** Sets a title, clears the screen, turns what is written around, hides, and rings: if a terminal hears of it. */
export const commands =
  '\u001b]0;owned\u0007\u001b[2J\u009b31m\r\n\u202eturned\u200b\u2066\ud800\udc00\ud800x\u0000\u0008\u{e0041}'
const often = (rows: readonly unknown[]) => rows.flatMap((row) => new Array<unknown>(20).fill(row)).slice(0, 500)
const wide = 'e\u0301\u754c\u{1f468}\u200d\u{1f469}'

/** Adds to the first text of an answer or event; a line has at most 1 MiB. */
function oneLong(text: string): Lie {
  return (said) => {
    let isDone = false
    const lengthen = (value: string) => {
      if (isDone) return value
      isDone = true
      return value + text
    }
    return all({ text: lengthen })(said)
  }
}

/** Some of them in one. */
export const much = all({ number: most, text: () => commands, list: often })

/** Lies that hold to the protocol's types, so that what is told is shown. */
export const plausible: Readonly<Record<string, Lie>> = {
  'the greatest numbers': all({ number: most }),
  'the least numbers': all({ number: least }),
  'fractions that are next to nothing': all({ number: (value, shape) => (isWhole(shape) ? value : 5e-324) }),
  'texts that command the terminal': all({ text: () => commands }),
  'texts of nothing': all({ text: () => '' }),
  'names that every object has': all({ text: () => 'constructor' }),
  'the name of what objects are made of': all({ text: () => '__proto__' }),
  'words that nobody knows': all({ word: 'unheard-of' }),
  'texts that take long to measure': all({ text: (text) => text + wide.repeat(1500) }),
  'a text of 900 KB': oneLong('x'.repeat(900_000)),
  'a text of 900 KB that takes long to measure': oneLong('e\u0301\u754c'.repeat(150_000)),
  'no rows': all({ list: () => [] }),
  'rows told often': all({ list: often }),
  'numbers of events that go back': ({ said, value }) =>
    said === 'event' && typeof value.seq === 'number'
      ? { ...value, seq: Math.max(0, 1_000_000 - value.seq) }
      : undefined,
}

/** Lies that do not. */
export const implausible: Readonly<Record<string, Lie>> = {
  'words that every object has': all({ word: 'constructor' }),
  'numbers beyond what is exact': all({ number: () => 2 ** 53 }),
  'numbers below nothing': all({ number: () => -1.5 }),
  'numbers as texts': all({ number: String }),
  'texts as numbers': all({ text: () => 7 }),
  'nothing for texts': all({ text: () => null }),
  'lists as objects': all({ list: (rows) => ({ ...rows }) }),
  'members that are missing': all({ member: () => false }),
}
