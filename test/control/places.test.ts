import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, it, onTestFinished } from 'vitest'
import { cookieUser } from '../../shared/protocol/limits.ts'
import { beginClient } from '../../shared/protocol/scram.ts'
import { eventually } from '../helpers/eventually.ts'
import { connected, cookieOf, entered, greeted, logIn, type RawClient, started } from './raw-client.ts'
import { type Control, startControl } from './start-control.ts'
import { startTlsControl, strangerByTls } from './tls-client.ts'

const password = 'a long password'
const fast = { loginFailureDelay: 1 }

async function stranger({ port }: Control, localAddress = '127.0.0.1'): Promise<RawClient> {
  const client = await greeted({ host: '127.0.0.1', port, localAddress })
  await started(client)
  return client
}

/** Takes the first step of a login, which takes no secret. */
async function begin(client: RawClient): Promise<void> {
  await client.call('auth.begin', { mechanism: 'SCRAM-SHA-256', message: beginClient(cookieUser).message })
}

/** What the login of an operator, or without a name by the cookie, comes to. */
async function attempt(control: Control, name?: string): Promise<{ client: RawClient; outcome: string }> {
  const client = await stranger(control)
  const { result, error } = await (name ? logIn(client, password, name) : logIn(client, cookieOf(control)))
  return { client, outcome: result?.role ?? error?.data.kind }
}

async function withOperators(limits: object): Promise<Control> {
  const control = await startControl({ limits: { ...fast, ...limits } })
  for (const [name, role] of [
    ['vic', 'viewer'],
    ['viv', 'viewer'],
    ['ada', 'admin'],
  ] as const) {
    await control.backend.operators.add({ name, role, password })
  }
  return control
}

it('gives an operator no more places than one may have, and others theirs', async () => {
  const control = await withOperators({ clients: 9, clientsKept: 3, clientsOfOperator: 2 })
  for (const outcome of ['viewer', 'viewer', 'busy']) expect((await attempt(control, 'vic')).outcome).toBe(outcome)
  expect((await attempt(control, 'viv')).outcome).toBe('viewer')
})

it('keeps places for admins, by name and by cookie, when viewers have all others', async () => {
  const control = await withOperators({ clients: 6, clientsKept: 2, clientsOfOperator: 3 })
  for (const outcome of ['viewer', 'viewer', 'viewer', 'busy']) {
    expect((await attempt(control, 'vic')).outcome).toBe(outcome)
  }
  for (const outcome of ['viewer', 'busy']) expect((await attempt(control, 'viv')).outcome).toBe(outcome)
  expect((await attempt(control, 'ada')).outcome).toBe('admin')
  expect((await attempt(control)).outcome).toBe('admin')
  expect((await attempt(control)).outcome).toBe('busy')
})

it('lets each way in have places of its own', async () => {
  const control = await startTlsControl({ limits: { ...fast, clients: 1, clientsKept: 0 } })
  await control.backend.operators.add({ name: 'ann', role: 'viewer', password })
  const byTls = await strangerByTls(control)
  expect((await logIn(byTls, password, 'ann')).result.role).toBe('viewer')
  expect((await attempt(control)).outcome).toBe('admin')
  await entered(control)
  const one = await greeted({ path: control.server.unixPath })
  expect((await one.call('session.start', { protocol: [1, 0], client: 'one too many' })).error?.data.kind).toBe('busy')
  expect(await one.next()).toBeUndefined()
})

it('gives a place back when its client goes', async () => {
  const control = await withOperators({ clientsOfOperator: 1 })
  const { client } = await attempt(control, 'vic')
  expect((await attempt(control, 'vic')).outcome).toBe('busy')
  client.socket.destroy()
  await eventually(async () => expect((await attempt(control, 'vic')).outcome).toBe('viewer'))
})

it('gives a newcomer with TLS the place of who has got least far, and of those came first', async () => {
  const control = await startTlsControl({ limits: { clientsBeforeLogin: 3 } })
  const begun = await strangerByTls(control)
  await begin(begun)
  const [first, second] = [await strangerByTls(control), await strangerByTls(control)]
  for (const client of [first, second]) {
    await strangerByTls(control)
    expect(await client.rest()).toMatchObject([{ id: null, error: { data: { kind: 'busy' } } }])
  }
  expect((await begun.call('auth.finish', { message: 'c=biws' })).error?.data.kind).toBe('auth_failed')
})

it('takes the place from the address that has most with TLS', async () => {
  const control = await startTlsControl({ limits: { clientsBeforeLogin: 3 } })
  await control.backend.operators.add({ name: 'ann', role: 'viewer', password })
  const alone = await strangerByTls(control, { localAddress: '127.0.0.9' })
  const crowd = [await strangerByTls(control), await strangerByTls(control)]
  await strangerByTls(control)
  expect(await crowd[0]?.rest()).toMatchObject([{ error: { data: { kind: 'busy' } } }])
  expect((await logIn(alone, password, 'ann')).result.role).toBe('viewer')
})

it('lets in who knows the cookie while strangers with addresses of their own hold begun logins and come back', async () => {
  const control = await startControl({ limits: { clientsBeforeLogin: 4 } })
  const crowd = [2, 3, 4, 5].map((host) => `127.0.0.${host}`)
  for (const address of crowd) await begin(await stranger(control, address))
  const client = await stranger(control)
  for (const address of [...crowd.slice(0, 2), '127.0.0.1']) await begin(await stranger(control, address))
  expect((await logIn(client, cookieOf(control))).result.role).toBe('admin')
})

/** Another user's connections: as many as said, each begins a login and stops there. It is up once they have all begun; `come` has as many more do so. */
async function strangersOfAnother({ port }: Control, count: number) {
  const lines = [
    { jsonrpc: '2.0', id: 1, method: 'session.start', params: { protocol: [1, 0], client: 'stranger' } },
    {
      jsonrpc: '2.0',
      id: 2,
      method: 'auth.begin',
      params: { mechanism: 'SCRAM-SHA-256', message: beginClient(cookieUser).message },
    },
  ]
  const script = `
    process.setgroups([]); process.setgid(65534); process.setuid(65534)
    const come = async () => {
      for (let i = 0; i < ${count}; i++) await new Promise((resolve) => {
        let text = ''
        const socket = require('node:net').connect(${port}, '127.0.0.1')
        socket.on('error', resolve).on('close', resolve).on('data', (data) => { if ((text += data).includes('"id":2')) resolve() })
        socket.write(${JSON.stringify(lines.map((line) => `${JSON.stringify(line)}\n`).join(''))})
      })
      process.stdout.write('come')
    }
    process.stdin.on('data', come).on('end', () => process.exit())
    come()`
  const child = spawn(process.execPath, ['--eval', script], { stdio: ['pipe', 'pipe', 'inherit'] })
  onTestFinished(async () => {
    child.stdin.end()
    if (child.exitCode === null) await once(child, 'close')
  })
  await once(child.stdout, 'data')
  return {
    async come() {
      child.stdin.write('more')
      await once(child.stdout, 'data')
    },
  }
}

it.runIf(process.platform === 'linux' && process.getuid?.() === 0)(
  'takes the place from the user who has most on this machine, however far their logins are',
  async () => {
    // Loaded by then, it is there for the daemon as soon as it asks.
    await import('../../daemon/os/peer-user.ts')
    const control = await startControl({ limits: { clientsBeforeLogin: 4, loginTime: 60_000 } })
    const others = await strangersOfAnother(control, 8)
    const client = await stranger(control)
    await others.come()
    expect((await logIn(client, cookieOf(control))).result.role).toBe('admin')
  },
)

it('serves who knows the cookie at once, however many strangers stay and come', async () => {
  const control = await startControl()
  const crowd = await Promise.all(
    Array.from({ length: 100 }, () => connected({ host: '127.0.0.1', port: control.port })),
  )
  expect((await attempt(control)).outcome).toBe('admin')
  for (const { socket } of crowd) socket.destroy()
})

it('lets go of a client that asks nothing and follows nothing, and of no other', async () => {
  const control = await startControl({ limits: { idle: 300 } })
  const [idle, subscribed] = [await entered(control), await entered(control)]
  await subscribed.call('log.subscribe')
  expect(await idle.rest()).toMatchObject([{ method: 'goodbye', params: { reason: expect.stringMatching(/nothing/) } }])
  expect((await subscribed.call('log.unsubscribe')).result).toEqual({})
  expect(await subscribed.rest()).toMatchObject([{ method: 'goodbye' }])
})

it('does not take a client for idle whose request is being worked on', async () => {
  const control = await startControl({ limits: { idle: 50 } })
  const client = await entered(control)
  const gate = Promise.withResolvers<void>()
  control.backend.users.gate = gate.promise
  const id = client.request('users.setPassword', { name: 'bob', password: 'x' })
  await new Promise((resolve) => setTimeout(resolve, 200))
  gate.resolve()
  expect(await client.rest()).toMatchObject([{ id, result: {} }, { method: 'goodbye' }])
})
