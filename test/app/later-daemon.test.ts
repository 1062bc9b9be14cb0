import { expect, test } from 'vitest'
import * as z from 'zod'
import { events, methods } from '../../shared/protocol/methods.ts'
import { connectThrough } from '../helpers/connect-through.ts'
import { startDaemon } from '../helpers/daemon.ts'
import { freePort } from '../helpers/free-port.ts'
import { exec, program } from '../helpers/proxy-tui.ts'
import { startTarget } from '../helpers/target.ts'
import { openTerminal } from '../helpers/terminal.ts'
import { lyingDaemon } from './lying-daemon.ts'

type Schema = z.core.JSONSchema.BaseSchema

const schemas: Readonly<Record<string, ReadonlyMap<string, Schema>>> = {
  result: new Map(Object.entries(methods).map(([name, { result }]) => [name, z.toJSONSchema(result)])),
  event: new Map(Object.entries(events).map(([name, { params }]) => [name, z.toJSONSchema(params)])),
}

/** A value as a later release has it: with a member more, and words that nobody knows yet where one of several is told. */
function later(schema: Schema | undefined, value: unknown): unknown {
  if (schema?.anyOf) return later(schema.anyOf.find(({ type }) => type !== 'null') as Schema, value)
  if (typeof value === 'string') return schema?.enum?.includes('admin') === false ? 'unheard-of' : value
  if (Array.isArray(value)) return value.map((one) => later(schema?.items as Schema, one))
  if (typeof value !== 'object' || value === null) return value
  const members = Object.entries(value).map(([name, member]) => [
    name,
    later((schema?.properties?.[name] ?? schema?.additionalProperties) as Schema, member),
  ])
  return Object.fromEntries(schema?.properties ? [...members, ['more', { of: 'it' }]] : members)
}

test('a daemon of a later release is shown as far as it is known here, with its words as they are', async () => {
  const daemon = await startDaemon()
  await exec(daemon, 'ban 10.9.9.9; addoperator kim --role viewer')
  const { host, port } = await startTarget()
  await connectThrough(daemon.port('socks'), { host, port })
  void connectThrough(daemon.port('socks'), { host, port: await freePort() }).catch(() => {})
  const another = await lyingDaemon(daemon)
  another.lie = ({ said, name, value }) => later(schemas[said]?.get(name), value)
  await using app = openTerminal(process.execPath, [program, '--runtime-dir', another.folder], { columns: 120 })
  await app.shows(/^ proxyd \d.* {2}unheard-of {2}up[\s\S]*^ \d.* unheard-of .*\(no login\)/m)
  app.type('2')
  await app.shows(/^>- .* unheard-o/m)
  app.type('\r')
  await app.shows(/^ Connection \S+ {3}unheard-of, for .*^ Timeline {5}unheard-of /ms)
  app.type('q4')
  await app.shows(/deny +to proxyd's own sockets +unhear/)
  app.type('5')
  await app.shows(/^>10\.9\.9\.9 +unheard-of +local/m)
  app.type('6v')
  await app.shows(/^ \S+ +unheard-of +10\.9\.9\.9 /m)
  app.type('7')
  await app.shows(/^>access-log .* unheard/m)
  app.type('8v')
  await app.shows(/^> +\d+ local \(this app\) .* unheard-of /m)
  expect(app.output).not.toMatch(/retrying|of another release/)
})
