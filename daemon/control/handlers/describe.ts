import { z } from 'zod'
import { events, methods, type Result } from '../../../shared/protocol/methods.ts'

/** Every method and event with its JSON Schemas. What the daemon sends is left open, since later versions may add to it. */
export function describeProtocol(): Result<'rpc.describe'> {
  return {
    methods: mapValues(methods, ({ role, summary, refuses, params, result }) => ({
      role,
      summary,
      refuses,
      params: schemaOf(params),
      result: schemaOf(result),
    })),
    events: mapValues(events, ({ summary, params }) => ({ summary, params: schemaOf(params) })),
  }
}

/** `input` says what may come in: an object that is not strict may have further members. */
function schemaOf(schema: z.ZodType): unknown {
  return z.toJSONSchema(schema, { io: 'input' })
}

function mapValues<Value>(table: Record<string, Value>, describe: (value: Value) => unknown): Record<string, unknown> {
  return Object.fromEntries(Object.entries(table).map(([name, value]) => [name, describe(value)]))
}
