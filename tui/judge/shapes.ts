import * as z from 'zod'
import { events, methods } from '../../shared/protocol/methods.ts'

/** Numbers are finite, integers safe. */
export type Type = 'object' | 'array' | 'string' | 'number' | 'integer' | 'boolean' | 'null'

/** What a value must be, as far as those who draw it depend on that: a part of JSON Schema. */
export interface Shape {
  readonly type?: Type | readonly Type[]
  /** Of an object; those not in `required` may be absent. */
  readonly properties?: Readonly<Record<string, Shape>>
  readonly required?: readonly string[]
  /** All others of an object; without it they may be anything. */
  readonly additionalProperties?: Shape
  /** All that are not among the first, `prefixItems`; false: there are none, or not yet. */
  readonly items?: Shape | false
  readonly prefixItems?: readonly Shape[]
  readonly minItems?: number
  readonly minimum?: number
  readonly maximum?: number
  readonly const?: unknown
  /** Of a text: one of some words. Which they are is left open, for later ones have more: letters, digits, `_` and `-`. */
  readonly format?: 'word'
  readonly anyOf?: readonly Shape[]
}

/**
 * The shapes of all results and events by their names, as JSON: nobody needs them all. In the bundle they are written out, so
 * that the app goes without the protocol's schemas and zod, which are 12 MB of memory.
 */
export const shapeTexts: Readonly<Record<'result' | 'event', Readonly<Record<string, string>>>> = {
  result: textsOf(Object.entries(methods).map(([name, { result }]) => [name, result])),
  event: textsOf(Object.entries(events).map(([name, { params }]) => [name, params])),
}

function textsOf(schemas: readonly (readonly [string, z.ZodType])[]): Record<string, string> {
  return Object.fromEntries(schemas.map(([name, schema]) => [name, textOf(schema)]))
}

/** What a later daemon adds can be drawn, too: members, words that are not known here, more rows and letters. */
function textOf(schema: z.ZodType): string {
  const { $schema, ...shape } = z.toJSONSchema(schema, {
    override: ({ jsonSchema }) => {
      if (jsonSchema.enum) jsonSchema.format = 'word'
      for (const word of ['description', 'enum', 'maxItems', 'maxLength', 'propertyNames'] as const)
        delete jsonSchema[word]
      if (jsonSchema.additionalProperties === false) delete jsonSchema.additionalProperties
    },
  })
  return JSON.stringify(shape)
}
