import * as z from 'zod'
import * as protocol from '../../shared/protocol/methods.ts'
import { roles } from '../../shared/protocol/vocabulary.ts'

/** Schemas that have a name of their own. */
export const named: readonly (readonly [name: string, schema: z.ZodObject])[] = [
  ['User', protocol.user],
  ['Group', protocol.group],
  ['Connection', protocol.connection],
  ['ClosedConnection', protocol.closedConnection],
  ['Setting', protocol.setting],
  ['Operator', protocol.operator],
  ['Rule', protocol.rule],
  ['AccessEntry', protocol.accessEntry],
  ['EventEntry', protocol.eventEntry],
  ['Ban', protocol.ban],
  ['Watch', protocol.watch],
  ['WatchNotice', protocol.watchNotice],
  ['LogEntry', protocol.logEntry],
  ['Sample', protocol.sample],
  ['Health', protocol.health],
]

/**
 * The types of `shared/protocol/methods.ts` written out, as the text of a declaration file that needs no zod: whoever
 * uses the client might have no zod, or another version of it.
 */
export function protocolTypes(): string {
  const methods = Object.entries(protocol.methods).map(([name, { role, summary, params, result }]) =>
    member(name, `${summary} Needs the role ${role}.`, `{ params: ${typeOf(params)}; result: ${typeOf(result)} }`),
  )
  const events = Object.entries(protocol.events).map(([name, { summary, params }]) =>
    member(name, summary, typeOf(params)),
  )
  return [
    `export type Role = ${choice(roles)}`,
    ...named.map(([name, schema]) => `export type ${name} = ${written(schema)}`),
    `/** What each method takes and gives. */\nexport interface Methods {\n${methods.join('\n')}\n}`,
    'export type Method = keyof Methods',
    "export type Params<M extends Method> = Methods[M]['params']",
    "export type Result<M extends Method> = Methods[M]['result']",
    `/** What each event carries. */\nexport interface Events {\n${events.join('\n')}\n}`,
    'export type EventName = keyof Events',
    'export type EventParams<E extends EventName> = Events[E]\n',
  ].join('\n')
}

function member(name: string, summary: string, type: string): string {
  return `  /** ${summary} */\n  '${name}': ${type}`
}

/** A schema as a type of TypeScript. Throws as `written` does. */
export function typeOf(schema: z.core.$ZodType): string {
  return named.find(([, known]) => known === schema)?.[0] ?? written(schema)
}

/** Throws an `Error` for a kind of schema that the protocol has not had before. */
function written(schema: z.core.$ZodType): string {
  const { def } = (schema as z.core.$ZodTypes)._zod
  switch (def.type) {
    case 'string':
    case 'number':
    case 'boolean':
    case 'unknown':
      return def.type
    case 'literal':
      return choice(def.values)
    case 'enum':
      return choice(Object.values(def.entries))
    case 'nullable':
      return `${typeOf(def.innerType)} | null`
    case 'union':
      return def.options.map(typeOf).join(' | ')
    case 'array':
      return `Array<${typeOf(def.element)}>`
    case 'tuple':
      return `[${def.items.map(typeOf).join(', ')}]`
    case 'record':
      return `Record<string, ${typeOf(def.valueType)}>`
    case 'object':
      return objectOf(def.shape)
    default:
      throw new Error(`no words for a schema of type ${def.type}`)
  }
}

function objectOf(shape: Readonly<Record<string, z.core.$ZodType>>): string {
  const members = Object.entries(shape).map(([name, schema]) =>
    schema instanceof z.ZodOptional ? `${name}?: ${typeOf(schema.unwrap())} | undefined` : `${name}: ${typeOf(schema)}`,
  )
  // An empty object type would take anything.
  return members.length > 0 ? `{ ${members.join('; ')} }` : 'Record<string, never>'
}

function choice(values: readonly unknown[]): string {
  return values.map((value) => JSON.stringify(value)).join(' | ')
}
