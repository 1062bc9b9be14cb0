import { z } from 'zod'
import { latest } from '../../shared/protocol/methods/shape.ts'
import { type EventName, events, type Method, type MethodShape, methods } from '../../shared/protocol/methods.ts'
import { typeOf } from '../../tui/declarations/protocol-types.ts'
import { eventExamples, examples } from './examples.ts'
import { jsonText } from './json-text.ts'
import { table } from './table.ts'

/** What a schema's JSON Schema says of one value. */
interface Facts {
  readonly description?: string
  readonly minLength?: number
  readonly maxLength?: number
  readonly minimum?: number
  readonly maximum?: number
  readonly minItems?: number
  readonly maxItems?: number
  readonly items?: Facts | false
  readonly propertyNames?: Facts
}

export function methodSection(name: Method): string {
  const { role, summary, refuses, params, result }: MethodShape = methods[name]
  const example = examples[name]
  return [
    `### ${name}`,
    `${summary} Role: \`${role}\`.${refuses.length > 0 ? ` Refuses with ${refuses.map(code).join(', ')}.` : ''}`,
    ...fields('parameter', params),
    ...fields('result', result),
    exchange([
      ['→', { jsonrpc: '2.0', id: 1, method: name, params: example.params }],
      ['←', { jsonrpc: '2.0', id: 1, result: example.result }],
    ]),
  ].join('\n\n')
}

export function eventSection(name: EventName): string {
  const { summary, params } = events[name]
  return [
    `### ${name}`,
    summary,
    ...fields('member', params),
    exchange([['←', { jsonrpc: '2.0', method: name, params: eventExamples[name] }]]),
  ].join('\n\n')
}

export function typeSection(name: string, schema: z.ZodObject): string {
  return [`### ${name}`, ...fields('member', schema, true)].join('\n\n')
}

function exchange(lines: readonly (readonly [arrow: string, message: object])[]): string {
  return ['```js', ...lines.map(([arrow, message]) => `${arrow} ${messageText(message)}`), '```'].join('\n')
}

/** Of a message that is long, the last member is broken up: what it is all about. */
function messageText(message: object): string {
  const members = Object.entries(message).map(([name, value]) => [JSON.stringify(name), value] as const)
  const last = members.pop()
  const head = `{ ${members.map(([name, value]) => `${name}: ${jsonText(value)}, `).join('')}${last?.[0]}: `
  return `${head}${jsonText(last?.[1], '', head.length + ' }'.length)} }`
}

/** A table of an object's members; none for an empty object, nor for one that is a type with a section of its own. */
function fields(title: string, schema: z.ZodObject, isType = false): string[] {
  const type = typeOf(schema)
  if (!isType && /^\w+$/.test(type)) return [`${title}s: those of [${type}](#${type.toLowerCase()}).`]
  const rows = membersOf(schema).map(([name, member]) => {
    const inner = member instanceof z.ZodOptional ? member.unwrap() : member
    const words = factsOf(z.toJSONSchema(member, { io: 'input' }) as Facts)
    if (inner !== member && title === 'parameter') words.unshift('optional')
    return [code(name + (inner === member ? '' : '?')), code(typeOf(inner)), words.join('; ')]
  })
  return rows.length > 0 ? [table([title, 'type', ''], rows)] : []
}

/** An object in an object has its members told one by one, as `store.problem`, unless it is a type of its own. */
function membersOf({ shape }: z.ZodObject): [name: string, member: z.core.$ZodType][] {
  return Object.entries(shape).flatMap(([name, member]) => {
    if (!(member instanceof z.ZodObject) || /^\w+$/.test(typeOf(member))) return [[name, member]]
    return membersOf(member).map(([inner, schema]): [string, z.core.$ZodType] => [`${name}.${inner}`, schema])
  })
}

function factsOf(schema: Facts): string[] {
  const { description, items, propertyNames } = schema
  return [
    description ?? '',
    range(schema.minLength, schema.maxLength, 'characters'),
    // Beyond that are the bounds of what is a time, or an integer, at all.
    range(schema.minimum, (schema.maximum ?? latest) >= latest ? undefined : schema.maximum, ''),
    range(schema.minItems, schema.maxItems, 'items'),
    ...(items ? factsOf(items).map((fact) => `each ${fact}`) : []),
    ...(propertyNames ? factsOf(propertyNames).map((fact) => `names of ${fact}`) : []),
  ].filter((fact) => fact !== '')
}

/** In words; a bound that says nothing is left out, and so is a number that the type tells. */
function range(least: number | undefined, most: number | undefined, unit: string): string {
  if (least === most) return ''
  if (most !== undefined) return `${least ? `${least} to` : 'at most'} ${most} ${unit}`.trim()
  if (unit === 'characters' && least === 1) return 'not empty'
  return least ? `at least ${least} ${unit}`.trim() : ''
}

function code(text: string): string {
  return `\`${text.replaceAll('|', '\\|')}\``
}
