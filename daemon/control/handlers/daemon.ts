import * as z from 'zod'
import { RpcError } from '../../../shared/protocol/errors.ts'
import { events, methods, type Result } from '../../../shared/protocol/methods.ts'
import type { Backend } from '../backend.ts'
import type { HandlersOf } from '../dispatch.ts'

/** What the daemon is, what it understands, its settings, and how operators end it. */
export function daemonHandlers(backend: Backend): HandlersOf<'config' | 'daemon' | 'rpc' | 'status'> {
  let description: Result<'rpc.describe'> | undefined
  return {
    'status.get': () => backend.status(),
    'config.get': () => backend.config.get(),
    'config.set': (change) => backend.config.set(change),
    'daemon.drain': () => {
      if (!backend.lifecycle.drain()) throw new RpcError('draining', 'the daemon drains already')
      return {}
    },
    'daemon.undrain': async () => {
      await backend.lifecycle.undrain()
      return {}
    },
    'daemon.reload': (_, { identity }) => backend.lifecycle.reload(identity.name),
    'daemon.upgrade': (_, { identity }) => backend.lifecycle.upgrade(identity.name),
    'daemon.shutdown': () => {
      backend.lifecycle.shutdown()
      return {}
    },
    'rpc.describe': () => (description ??= describeProtocol()),
  }
}

/** Every method and event with its JSON Schemas. What the daemon sends is left open, since later versions may add to it. */
function describeProtocol(): Result<'rpc.describe'> {
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
