import { once } from 'node:events'
import {
  chmodSync,
  chownSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { ControlListenError, ControlStartError } from '../../daemon/control/start-error.ts'
import { cookieFileName, limits, unixSocketName } from '../../shared/protocol/limits.ts'
import { eventually } from '../helpers/eventually.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'
import { connected, cookieOf, entered, greeted } from './raw-client.ts'
import { startControl } from './start-control.ts'

function modeOf(path: string): number {
  return lstatSync(path).mode & 0o777
}

it('greets at once on both families and on the Unix socket', async () => {
  const { server, port } = await startControl()
  expect(server.listening).toEqual([
    { address: '127.0.0.1', port },
    { address: '::1', port },
  ])
  for (const to of [{ host: '127.0.0.1', port }, { host: '::1', port }, { path: server.unixPath }]) {
    expect(await (await connected(to)).next()).toEqual({
      jsonrpc: '2.0',
      method: 'hello',
      params: {
        protocol: [1, 0],
        instance: 'test',
        auth: ['SCRAM-SHA-256'],
        capabilities: [],
        limits,
      },
    })
  }
})

it('makes a private folder, socket and cookie, and leaves no more than a lock that nobody holds', async () => {
  const control = await startControl()
  const { server, runtimeDirectory, cookieFile } = control
  expect(modeOf(runtimeDirectory)).toBe(0o700)
  expect(modeOf(server.unixPath)).toBe(0o600)
  expect(modeOf(cookieFile)).toBe(0o600)
  expect(cookieOf(control)).toMatch(/^[0-9a-f]{64}$/)
  await server.close()
  expect(readdirSync(runtimeDirectory)).toEqual(['lock'])
  expect(modeOf(join(runtimeDirectory, 'lock'))).toBe(0o600)
})

it('makes another cookie at each start', async () => {
  const first = await startControl()
  const cookie = cookieOf(first)
  await first.server.close()
  const second = await startControl({ runtimeDirectory: first.runtimeDirectory })
  expect(cookieOf(second)).not.toBe(cookie)
})

it('leaves the cookie alone if it is no longer its own', async () => {
  const { server, cookieFile, runtimeDirectory } = await startControl()
  const other = join(runtimeDirectory, 'other')
  writeFileSync(other, 'of another daemon')
  renameSync(other, cookieFile)
  await server.close()
  expect(readFileSync(cookieFile, 'utf8')).toBe('of another daemon')
})

it('says why it goes without the daemon', async () => {
  const control = await startControl()
  const client = await entered(control)
  const closing = control.server.close('management is off')
  expect(await client.rest()).toMatchObject([{ method: 'goodbye', params: { reason: 'management is off' } }])
  client.socket.end()
  await closing
})

it('says goodbye to its clients', async () => {
  const control = await startControl()
  const unix = await entered(control)
  const stranger = await greeted({ host: '::1', port: control.port })
  const closing = control.server.close()
  for (const client of [unix, stranger]) {
    expect(await client.rest()).toMatchObject([{ method: 'goodbye', params: { reason: 'the daemon ends' } }])
    client.socket.end()
    expect(await client.closed).toBe(false)
  }
  await closing
  await expect(connected({ host: '127.0.0.1', port: control.port })).rejects.toMatchObject({ code: 'ECONNREFUSED' })
})

it('answers what it was asked before it says goodbye, and takes nothing more', async () => {
  const control = await startControl()
  const client = await entered(control)
  const gate = Promise.withResolvers<void>()
  control.backend.users.gate = gate.promise
  const ids = ['bob', 'cid'].map((name) => client.request('users.setPassword', { name, password: 'x' }))
  await eventually(() => expect(control.backend.users.waiting).toBe(1))
  const closing = control.server.close()
  client.request('session.whoami')
  gate.resolve()
  expect(await client.rest()).toMatchObject([...ids.map((id) => ({ id, result: {} })), { method: 'goodbye' }])
  client.socket.end()
  await closing
})

it('tells who is turned away why, and reads what they have sent, so that no reset overtakes that', async () => {
  const { port } = await startControl({ limits: { clientsBeforeLogin: 0 } })
  const client = await connected({ host: '127.0.0.1', port })
  expect(await client.next()).toMatchObject({ id: null, error: { data: { kind: 'busy' } } })
  client.request('session.whoami')
  await new Promise((resolve) => client.socket.write('\n', resolve))
  expect(await client.rest()).toEqual([])
  client.socket.end()
  expect(await client.closed).toBe(false)
})

it('does not wait for those whom it has turned away', async () => {
  const { port, server } = await startControl({ limits: { clientsBeforeLogin: 0 } })
  const client = await connected({ host: '127.0.0.1', port })
  await client.rest()
  await server.close()
  await expect(connected({ host: '127.0.0.1', port })).rejects.toMatchObject({ code: 'ECONNREFUSED' })
})

it('does not wait for a client that stays after the goodbye', async () => {
  const control = await startControl()
  const client = await entered(control)
  await control.server.close()
  expect((await client.rest()).at(-1)?.method).toBe('goodbye')
})

it.each(['0.0.0.0', '::', '192.0.2.1', '::ffff:192.0.2.1'])('refuses to serve %s without TLS', async (address) => {
  await expect(startControl({ listen: [{ address, port: 0 }] })).rejects.toThrow(/--control-tls-addr/)
})

it('takes a loopback address in IPv6 clothing', async () => {
  const { port } = await startControl({ listen: [{ address: '::ffff:127.0.0.1', port: 0 }] })
  await greeted({ host: '127.0.0.1', port })
})

it('refuses what is no address', async () => {
  await expect(startControl({ listen: [{ address: 'localhost', port: 0 }] })).rejects.toThrow(ControlStartError)
})

it('names the endpoint of a port that is taken, and leaves nothing behind', async () => {
  const first = await startControl()
  const { port, address } = { port: first.port, address: '127.0.0.1' }
  const runtimeDirectory = await temporaryFolder()
  const second = startControl({ runtimeDirectory, listen: [{ address, port }] })
  await expect(second).rejects.toThrow(ControlListenError)
  await expect(second).rejects.toMatchObject({ endpoint: { address, port }, code: 'EADDRINUSE' })
  expect(readdirSync(runtimeDirectory)).toEqual(['lock'])
})

it('does not touch the socket or the cookie of a daemon that runs', async () => {
  const first = await startControl()
  const cookie = cookieOf(first)
  await expect(startControl({ runtimeDirectory: first.runtimeDirectory })).rejects.toThrow(/runs already/)
  expect(cookieOf(first)).toBe(cookie)
  await entered(first)
})

it('replaces the socket of a daemon that has gone', async () => {
  const runtimeDirectory = await temporaryFolder()
  const path = join(runtimeDirectory, unixSocketName)
  // A socket file outlives its server when its name has changed meanwhile, as after a crash.
  const gone = createServer()
  await once(gone.listen({ path: `${path}.old` }), 'listening')
  renameSync(`${path}.old`, path)
  await new Promise((resolve) => gone.close(resolve))
  expect(lstatSync(path).isSocket()).toBe(true)

  await entered(await startControl({ runtimeDirectory }))
})

it.each(['a file', 'a folder'])('never removes %s in the place of the socket', async (what) => {
  const runtimeDirectory = await temporaryFolder()
  const path = join(runtimeDirectory, unixSocketName)
  if (what === 'a file') writeFileSync(path, 'precious')
  else mkdirSync(path)
  await expect(startControl({ runtimeDirectory })).rejects.toThrow(/is not a socket/)
  expect(lstatSync(path).isFile()).toBe(what === 'a file')
})

it.each([0o770, 0o707, 0o750, 0o755])('refuses a runtime folder of mode %o', async (mode) => {
  const runtimeDirectory = await temporaryFolder()
  chmodSync(runtimeDirectory, mode)
  await expect(startControl({ runtimeDirectory })).rejects.toThrow(/chmod 700/)
  expect(readdirSync(runtimeDirectory)).toEqual([])
})

it.runIf(process.geteuid?.() === 0)('refuses a runtime folder of another user', async () => {
  const runtimeDirectory = await temporaryFolder()
  chownSync(runtimeDirectory, 4242, 4242)
  await expect(startControl({ runtimeDirectory })).rejects.toThrow(/belongs to another user/)
})

it('refuses a runtime folder that is a symbolic link, or cannot be made', async () => {
  const folder = await temporaryFolder()
  const link = join(folder, 'link')
  mkdirSync(join(folder, 'real'), { mode: 0o700 })
  symlinkSync(join(folder, 'real'), link)
  await expect(startControl({ runtimeDirectory: link })).rejects.toThrow(/is not a folder/)
  await expect(startControl({ runtimeDirectory: join(folder, 'not', 'there') })).rejects.toThrow(
    `cannot make the runtime folder ${folder}/not/there: there is no folder ${folder}/not: ` +
      'make it first, or name another with --runtime-dir',
  )
})

it('says so if the path of the socket is too long', async () => {
  const runtimeDirectory = join(await temporaryFolder(), 'x'.repeat(120))
  await expect(startControl({ runtimeDirectory })).rejects.toThrow(/too long/)
})

it('replaces a symbolic link in the place of the cookie, not what it points to', async () => {
  const runtimeDirectory = await temporaryFolder()
  const target = join(await temporaryFolder(), 'target')
  writeFileSync(target, 'precious')
  symlinkSync(target, join(runtimeDirectory, cookieFileName))
  const control = await startControl({ runtimeDirectory })
  expect(readFileSync(target, 'utf8')).toBe('precious')
  expect(lstatSync(control.cookieFile).isFile()).toBe(true)
})

it('says so if there is a folder in the place of the cookie, and leaves nothing behind', async () => {
  const runtimeDirectory = await temporaryFolder()
  mkdirSync(join(runtimeDirectory, cookieFileName))
  await expect(startControl({ runtimeDirectory })).rejects.toThrow(/cookie is a folder: remove it/)
  expect(readdirSync(runtimeDirectory)).toEqual([cookieFileName])
})

it('lets those who are logged in stay', async () => {
  const control = await startControl({ limits: { loginTime: 50 } })
  const client = await entered(control)
  const stranger = await greeted({ path: control.server.unixPath })
  await stranger.rest()
  expect((await client.call('session.whoami')).result).toEqual({ name: 'local', role: 'admin', via: 'unix' })
})

it.runIf(process.platform === 'linux')('has the kernel ask after a client that is silent for a minute', async () => {
  const { port } = await startControl()
  await greeted({ host: '127.0.0.1', port })
  const hex = port.toString(16).toUpperCase().padStart(4, '0')
  // As in proc(5): where, to whom, the state (1: established), queues, and which timer runs for how many ticks.
  const [, timer, ticks] =
    new RegExp(`:${hex} \\S+ 01 \\S+ (\\d\\d):(\\w+)`).exec(readFileSync('/proc/net/tcp', 'utf8')) ?? []
  expect(timer).toBe('02')
  const ticksInSecond = 100
  expect(Number.parseInt(ticks ?? '', 16) / ticksInSecond).toBeGreaterThan(50)
  expect(Number.parseInt(ticks ?? '', 16) / ticksInSecond).toBeLessThanOrEqual(60)
})
