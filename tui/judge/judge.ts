import type { Judge } from '../client/index.ts'
import { type Shape, shapeTexts, type Type } from './shapes.ts'

/** Which the daemon is beside this program, as far as what it says of this method or event shows: releases only add. */
export interface Difference {
  readonly name: string
  readonly release: 'older' | 'other'
}

/** Where a value is not what it must be, and how. */
interface Fault {
  readonly path: readonly (string | number)[]
  readonly text: string
  /** It is not there. */
  readonly isMissing: boolean
}

/**
 * Finds what in the words of a daemon is not as the protocol has it: screens and verbs show whatever it holds, so that must be
 * what its types say; only that a later version may have more words than are known here, which are shown as they are. What else
 * that adds passes, for nobody here asks for it. `differs` hears of each method and event of which that is so.
 */
export function judgeFor(differs: (difference: Difference) => void): Judge {
  return (said, name, value) => {
    const shape = shapeOf(said, name)
    const fault = shape && faultOf(shape, value)
    if (!fault) return null
    // Later ones only add.
    differs({ name, release: fault.isMissing ? 'older' : 'other' })
    return `${fault.path.join('.').slice(0, longest)}: ${fault.text}`
  }
}

/** Characters that tell where something is wrong, some of which the daemon has chosen. */
const longest = 80

const shapes = { result: new Map<string, Shape>(), event: new Map<string, Shape>() }

/** Null if nothing of that name is known here. */
function shapeOf(said: 'result' | 'event', name: string): Shape | null {
  const known = shapes[said].get(name)
  if (known) return known
  const texts = shapeTexts[said]
  if (!Object.hasOwn(texts, name)) return null
  const shape: Shape = JSON.parse(texts[name] as string)
  shapes[said].set(name, shape)
  return shape
}

/** The first thing that is wrong with a value. What is sound leaves no garbage: of a busy daemon that is thousands of rows. */
function faultOf(shape: Shape, value: unknown): Fault | null {
  const { type, anyOf } = shape
  if (anyOf) return faultOfAll(anyOf, value)
  if (type !== undefined && !isOf(type, value)) return wrong(value, `must be ${[type].flat().join(' or ')}`)
  if (shape.const !== undefined && value !== shape.const) return wrong(value, `must be ${shape.const}`)
  if (typeof value === 'string') return shape.format && !isWord(value) ? wrong(value, 'must be a word') : null
  if (typeof value === 'number') return faultOfNumber(shape, value)
  if (Array.isArray(value)) return faultOfArray(shape, value)
  return isObject(value) ? faultOfObject(shape, value) : null
}

/** As words are shown as they are, and looked up in tables, they must not be anything else, nor what every object has: `constructor`. */
function isWord(text: string): boolean {
  return /^[\w-]{1,32}$/.test(text) && !(text in Object.prototype)
}

/** Null if one of the shapes is the value's. */
function faultOfAll(shapes: readonly Shape[], value: unknown): Fault | null {
  let first: Fault | null = null
  for (const shape of shapes) {
    const fault = faultOf(shape, value)
    if (!fault) return null
    first ??= fault
  }
  return first
}

function faultOfNumber({ minimum, maximum }: Shape, value: number): Fault | null {
  if (minimum !== undefined && value < minimum) return wrong(value, `must be at least ${minimum}`)
  return maximum !== undefined && value > maximum ? wrong(value, `must be at most ${maximum}`) : null
}

function faultOfArray({ prefixItems, items, minItems = 0 }: Shape, values: readonly unknown[]): Fault | null {
  if (values.length < minItems) return wrong(values, `must have ${minItems}`)
  for (let at = 0; at < values.length; at++) {
    const shape = prefixItems?.[at] ?? items
    const fault = shape ? faultOf(shape, values[at]) : null
    if (fault) return { ...fault, path: [at, ...fault.path] }
  }
  return null
}

function faultOfObject(shape: Shape, value: Readonly<Record<string, unknown>>): Fault | null {
  const { properties = {}, required, additionalProperties } = shape
  for (const name in properties) {
    const member = value[name]
    if (member === undefined && !required?.includes(name)) continue
    const fault = faultOf(properties[name] as Shape, member)
    if (fault) return { ...fault, path: [name, ...fault.path] }
  }
  if (!additionalProperties) return null
  for (const name of Object.keys(value)) {
    const fault = Object.hasOwn(properties, name) ? null : faultOf(additionalProperties, value[name])
    if (fault) return { ...fault, path: [name, ...fault.path] }
  }
  return null
}

function wrong(value: unknown, must: string): Fault {
  const isMissing = value === undefined
  return { path: [], text: isMissing ? 'is missing' : must, isMissing }
}

function isOf(type: Type | readonly Type[], value: unknown): boolean {
  return typeof type === 'string' ? is[type](value) : type.some((one) => is[one](value))
}

const is: Readonly<Record<Type, (value: unknown) => boolean>> = {
  object: isObject,
  array: Array.isArray,
  string: (value) => typeof value === 'string',
  number: Number.isFinite,
  integer: Number.isSafeInteger,
  boolean: (value) => typeof value === 'boolean',
  null: (value) => value === null,
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
