import { once } from 'node:events'
import { chmod } from 'node:fs/promises'
import { connect, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { createInterface, type Interface } from 'node:readline'
import { expect, onTestFinished, test } from 'vitest'
import * as z from 'zod'
import { events, methods } from '../../shared/protocol/methods.ts'
import { connectThrough } from '../helpers/connect-through.ts'
import { type Daemon, startDaemon } from '../helpers/daemon.ts'
import { freePort } from '../helpers/free-port.ts'
import { exec, program } from '../helpers/proxy-tui.ts'
import { startTarget } from '../helpers/target.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'
import { openTerminal } from '../helpers/terminal.ts'

type Schema = z.core.JSONSchema.BaseSchema

/**
 * A daemon of a later release, told of by another: all that it says has a member more, and words that nobody knows yet where
 * one of several is told. Resolves to the runtime folder that it is found by.
 */
async function laterThan({ folders }: Daemon): Promise<string> {
  const folder = await temporaryFolder()
  const server = createServer((client) => {
    const daemon = connect(join(folders.runtime, 'proxyd.sock'))
    const asked = new Map<number, string>()
    linesOf(client).on('line', (line) => {
      const { id, method } = JSON.parse(line)
      asked.set(id, method)
      daemon.write(`${line}\n`)
    })
    linesOf(daemon).on('line', (line) => {
      const { id, method, result, params, ...rest } = JSON.parse(line)
      const said = { id, method, result: later(results.get(asked.get(id) ?? ''), result) }
      client.write(`${JSON.stringify({ ...rest, ...said, params: later(told.get(method), params) })}\n`)
    })
    client.on('close', () => daemon.destroy())
    daemon.on('close', () => client.destroy())
    for (const socket of [client, daemon]) socket.on('error', () => {})
  })
  const path = join(folder, 'proxyd.sock')
  server.listen(path)
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  await chmod(path, 0o600)
  return folder
}

/** Of a socket whose end nobody minds. */
function linesOf(socket: Socket): Interface {
  return createInterface({ input: socket }).on('error', () => {})
}

const results = new Map(Object.entries(methods).map(([name, { result }]) => [name, z.toJSONSchema(result)]))
const told = new Map(Object.entries(events).map(([name, { params }]) => [name, z.toJSONSchema(params)]))

/** A value as a later release has it. */
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
  await using app = openTerminal(process.execPath, [program, '--runtime-dir', await laterThan(daemon)], {
    columns: 120,
  })
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
