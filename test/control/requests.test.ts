import { setTimeout as delay } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { methods } from '../../shared/protocol/methods.ts'
import { entered, greeted, started } from './raw-client.ts'
import { type Control, startControl } from './start-control.ts'

function tcp({ port }: Control) {
  return { host: '127.0.0.1', port }
}

const request = (id: unknown, method: unknown = 'session.whoami') => JSON.stringify({ jsonrpc: '2.0', id, method })

it.each([
  ['an HTTP POST', 'POST / HTTP/1.1\r\nHost: x\r\n\r\n{"jsonrpc":"2.0","id":1,"method":"session.start"}\r\n'],
  ['TLS', Buffer.from('16030100c8010000c4030300000a00000a', 'hex')],
  ['a SOCKS5 greeting, then a line end', Buffer.from('0501000a', 'hex')],
  ['invalid UTF-8', Buffer.from('22ff220a', 'hex')],
  ['a byte order mark', '\ufeff{"jsonrpc":"2.0","id":1,"method":"session.start"}\n'],
  ['a NUL', '\0\n'],
  ['null', 'null\n'],
  ['42', '42\n'],
  ['[]', '[]\n'],
  ['a batch of 20,000 in 8 KiB', `[${'1,'.repeat(3000)}1]\n`],
  ['nesting of 8,000', `${'['.repeat(8000)}\n`],
  ['9 KiB without a line end', 'x'.repeat(9 * 1024)],
  ['9 KiB in one line', `"${'x'.repeat(9 * 1024)}"\n`],
  ['a response nobody asked for', '{"jsonrpc":"2.0","id":1,"result":{}}\n'],
  ['an id that is an object', `${request({})}\n`],
])('before login, hangs up on %s', async (_, bytes) => {
  const control = await startControl()
  const client = await greeted(tcp(control))
  // The line after the bad one is a good one, and stays without an answer.
  client.socket.write(bytes)
  client.socket.write(`\n${request(99, 'session.start')}\n`)
  const rest = await client.rest()
  expect(rest).toHaveLength(1)
  expect(rest[0]?.error).toBeDefined()
  expect(rest[0]?.id).not.toBe(99)
})

it.each([
  ['invalid UTF-8', Buffer.from('22ff220a', 'hex'), 'parse_error'],
  ['no JSON', '{]\n', 'parse_error'],
  ['null', 'null\n', 'invalid_request'],
  ['a batch of 20,000', `[${Array(20_000).fill(request(1)).join()}]\n`, 'invalid_request'],
  ['nesting of 400,000', `${'['.repeat(400_000)}\n`, 'invalid_request'],
  ['an id of 65 characters', `${request('x'.repeat(65))}\n`, 'invalid_request'],
  ['an id of half a megabyte', `${request('x'.repeat(5e5))}\n`, 'invalid_request'],
  ['an id of null', `${request(null)}\n`, 'invalid_request'],
  ['a method that is a number', `${request(2, 7)}\n`, 'invalid_request'],
  ['a method named __proto__', `${request(2, '__proto__')}\n`, 'method_not_found'],
  ['a method named toString', `${request(2, 'toString')}\n`, 'method_not_found'],
  ['a response nobody asked for', '{"jsonrpc":"2.0","id":2,"result":{}}\n', 'invalid_request'],
])('once logged in, refuses %s and goes on', async (_, bytes, kind) => {
  const client = await entered(await startControl())
  client.socket.write(bytes)
  client.send('', request(99))
  expect((await client.next())?.error?.data.kind).toBe(kind)
  expect(await client.next()).toMatchObject({ id: 99, result: { role: 'admin' } })
})

it('hangs up on 300 MB without a line end, having read little more than a line', async () => {
  const client = await entered(await startControl())
  const chunk = Buffer.alloc(1024 * 1024, 'x')
  let sent = 0
  const pour = () => {
    while (client.socket.writable && sent < 300 && client.socket.writableLength < 4 * chunk.length) {
      client.socket.write(chunk)
      sent++
    }
  }
  client.socket.on('drain', pour)
  pour()
  expect(await client.rest()).toMatchObject([{ id: null, error: { data: { kind: 'too_large' } } }])
  client.socket.destroy()
  await client.closed
})

it('reads a request byte by byte, characters in pieces too', async () => {
  const { backend, ...control } = await startControl()
  const client = await entered({ backend, ...control })
  const line = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'users.add', params: { name: 'é😀', password: 'x' } })
  for (const byte of Buffer.from(`${line}\r\n`)) {
    client.socket.write(Buffer.of(byte))
    await new Promise(setImmediate)
  }
  expect(await client.next()).toEqual({ jsonrpc: '2.0', id: 1, result: {} })
  expect(backend.users.list().map(({ name }) => name)).toEqual(['é😀'])
})

it.each([
  ['an unknown parameter', 'users.list', { limit: 1, offset: 2 }],
  ['a __proto__ parameter', 'users.list', JSON.parse('{"__proto__":{"limit":1}}')],
  ['a negative limit', 'users.list', { limit: -1 }],
  ['a limit of 2^53 + 1', 'users.list', { limit: 2 ** 53 + 1 }],
  ['a limit of 501', 'users.list', { limit: 501 }],
  ['a fraction', 'metrics.subscribe', { history: 0.5 }],
  ['a name with a newline', 'users.add', { name: 'a\nb', password: 'x' }],
  ['a name with a NUL', 'users.add', { name: 'a\0b', password: 'x' }],
  ['a name with ESC', 'users.add', { name: 'a\u001b[2J', password: 'x' }],
  ['a name of 10 kB', 'users.add', { name: 'x'.repeat(10_000), password: 'x' }],
  ['half a surrogate pair', 'users.add', { name: '\ud800', password: 'x' }],
  ['an empty password', 'users.add', { name: 'bob', password: '' }],
  ['no ids to kill', 'connections.kill', { ids: [] }],
  ['501 ids to kill', 'connections.kill', { ids: Array(501).fill('x') }],
  ['no cursor of ours', 'connections.list', { cursor: 'x' }],
])('refuses %s', async (_, method, params) => {
  const client = await entered(await startControl())
  expect((await client.call(method, params)).error).toMatchObject({ code: -32602, data: { kind: 'invalid_params' } })
})

it('refuses a limit of 1e400', async () => {
  const client = await entered(await startControl())
  client.send('{"jsonrpc":"2.0","id":1,"method":"users.list","params":{"limit":1e400}}')
  expect((await client.next())?.error?.data.kind).toBe('invalid_params')
})

it('does not repeat a secret in a refusal', async () => {
  const client = await entered(await startControl())
  const { error } = await client.call('users.add', { name: 'bob', password: `hunter2${'x'.repeat(300)}` })
  expect(JSON.stringify(error)).not.toContain('hunter2')
})

it('hides what went wrong inside, and logs it', async () => {
  const control = await startControl()
  const client = await entered(control)
  const { error } = await client.call('users.setEnabled', { name: 'bob', enabled: false })
  expect(error).toMatchObject({ code: -32603, data: { kind: 'internal_error' } })
  expect(JSON.stringify(error)).not.toContain('secret detail')
  expect(control.log.join()).toContain('secret detail')
})

it('refuses a duplicate of an id in flight, not of one answered', async () => {
  const control = await startControl()
  const client = await entered(control)
  const gate = Promise.withResolvers<void>()
  control.backend.users.gate = gate.promise
  const params = { name: 'bob', password: 'x' }
  client.request('users.setPassword', params, 'same')
  client.request('users.setPassword', params, 'same')
  expect(await client.next()).toMatchObject({ id: null, error: { data: { kind: 'invalid_request' } } })
  gate.resolve()
  expect(await client.next()).toMatchObject({ id: 'same', result: {} })
  client.request('session.whoami', {}, 'same')
  expect(await client.next()).toMatchObject({ id: 'same', result: { role: 'admin' } })
})

it('reads no further than 32 requests in flight', async () => {
  const control = await startControl()
  const { users } = control.backend
  const client = await entered(control)
  const gate = Promise.withResolvers<void>()
  users.gate = gate.promise
  const count = 20_000
  for (let id = 0; id < count; id++) client.request('users.setPassword', { name: 'bob', password: 'x' }, id)
  await expect.poll(() => users.waiting).toBe(32)
  // Meanwhile others are served, and nothing more is taken up.
  await (await entered(control)).call('status.get')
  expect(users.waiting).toBe(32)
  gate.resolve()
  for (let id = 0; id < count; id++) expect((await client.next())?.id).toBe(id)
})

it('answers what was asked before a FIN, then closes', async () => {
  const control = await startControl()
  const client = await entered(control)
  const gate = Promise.withResolvers<void>()
  control.backend.users.gate = gate.promise
  client.request('users.setPassword', { name: 'bob', password: 'x' }, 'slow')
  client.request('status.get', {}, 'quick')
  client.socket.end()
  expect(await client.next()).toMatchObject({ id: 'quick' })
  gate.resolve()
  expect(await client.next()).toMatchObject({ id: 'slow', result: {} })
  expect(await client.next()).toBeUndefined()
  expect(await client.closed).toBe(false)
})

it('answers all that was asked before a FIN, however much that is', async () => {
  const control = await startControl()
  const client = await greeted({ path: control.server.unixPath })
  client.request('session.start', { protocol: [1, 0], client: 'test' }, 'start')
  const count = 1000
  for (let id = 0; id < count; id++) client.request('rpc.describe', {}, id)
  client.socket.end()
  const replies = await client.rest()
  expect(replies).toHaveLength(1 + count)
  expect(replies.every(({ result }) => result !== undefined)).toBe(true)
})

it('survives a reset in mid-reply', async () => {
  const control = await startControl()
  const client = await greeted(tcp(control))
  client.request('session.start', { protocol: [1, 0], client: 'test' })
  client.socket.resetAndDestroy()
  await client.closed
  await entered(control)
})

it('takes a method it does not know, or not yet, for no reason to hang up', async () => {
  const control = await startControl()
  const client = await greeted(tcp(control))
  expect((await client.call('auth.begin', { mechanism: 'SCRAM-SHA-256', message: 'n,,n=a,r=b' })).error).toMatchObject({
    data: { kind: 'invalid_request' },
  })
  const unsupported = await client.call('session.start', { protocol: [2, 0], client: 'test' })
  expect(unsupported.error).toMatchObject({ code: -32031, data: { kind: 'unsupported_version', supported: [[1, 0]] } })
  await started(client)
  expect((await client.call('session.start', { protocol: [1, 0], client: 'test' })).error?.data.kind).toBe('conflict')
  expect((await client.call('users.drop')).error?.data.kind).toBe('method_not_found')
})

it('agrees on a later minor version', async () => {
  const client = await greeted({ path: (await startControl()).server.unixPath })
  expect((await client.call('session.start', { protocol: [1, 7], client: 'test' })).result).toEqual({
    protocol: [1, 0],
  })
})

it('demands a login for every method but those to log in by', async () => {
  const client = await greeted(tcp(await startControl()))
  await started(client)
  for (const [method, { role }] of Object.entries(methods)) {
    if (role === 'anyone') continue
    expect((await client.call(method)).error, method).toMatchObject({ code: -32001, data: { kind: 'auth_required' } })
  }
})

it('ends a client that asks much and reads nothing', async () => {
  const control = await startControl({ limits: { stall: 200 } })
  const client = await entered(control)
  client.socket.pause()
  for (let id = 0; id < 5000; id++) client.request('rpc.describe', {}, id)
  await expect.poll(() => control.log.join()).toMatch(/reads too slowly/)
})

it('leaves a client in peace that is silent for long, and goes on watching it', async () => {
  const control = await startControl({ limits: { stall: 20 } })
  const client = await entered(control)
  await delay(100)
  expect((await client.call('status.get')).result).toBeDefined()
  client.socket.pause()
  for (let id = 0; id < 5000; id++) client.request('rpc.describe', {}, id)
  await expect.poll(() => control.log.join()).toMatch(/reads too slowly/)
})
