import { expect, it } from 'vitest'
import { cookieUser } from '../../shared/protocol/limits.ts'
import { beginClient } from '../../shared/protocol/scram.ts'
import { stopClock } from '../helpers/stopped-clock.ts'
import { cookieOf, entered, greeted, logIn, type RawClient, started } from './raw-client.ts'
import { type Control, startControl } from './start-control.ts'
import { startTlsControl, strangerByTls } from './tls-client.ts'

const wrong = '0'.repeat(64)

/** A stranger on TCP, past `session.start`. */
async function stranger({ port }: Control, host = '127.0.0.1'): Promise<RawClient> {
  const client = await greeted({ host, port })
  await started(client)
  return client
}

/** Go, and make room for the next. */
async function leave(client: RawClient): Promise<void> {
  client.socket.end()
  await client.closed
}

function begin(client: RawClient, message: string) {
  return client.call('auth.begin', { mechanism: 'SCRAM-SHA-256', message })
}

it.each(['127.0.0.1', '::1'])('lets in who knows the cookie, on %s', async (host) => {
  const control = await startControl()
  const client = await stranger(control, host)
  const exchange = beginClient(cookieUser)
  const challenge = await begin(client, exchange.message)
  const answer = exchange.answer(challenge.result.message, cookieOf(control))
  const proof = await client.call('auth.finish', { message: answer.message })
  expect(proof.result.role).toBe('admin')
  expect(() => answer.verify(proof.result.message)).not.toThrow()
  expect((await client.call('session.whoami')).result).toEqual({ name: 'local', role: 'admin', via: 'tcp' })
  expect(control.log).toEqual([`management login from ${host}`])
})

it.each([
  ['a wrong password', cookieUser],
  ['an unknown user', 'nobody'],
])('answers %s late, in the same words, and hangs up', async (_, user) => {
  const control = await startControl()
  const client = await stranger(control)
  const since = performance.now()
  const refusal = await logIn(client, wrong, user)
  // Timers may be early by less than a millisecond.
  expect(performance.now() - since).toBeGreaterThan(499)
  expect(refusal.error).toEqual({ code: -32002, message: 'the login failed', data: { kind: 'auth_failed' } })
  expect(await client.next()).toBeUndefined()
  expect(control.log).toEqual(['management login from 127.0.0.1 failed'])
})

it('refuses a login on top of a login', async () => {
  const control = await startControl()
  const client = await stranger(control)
  await logIn(client, cookieOf(control))
  for (const request of [logIn(client, cookieOf(control)), logIn(await entered(control), wrong)]) {
    expect((await request).error?.data.kind).toBe('conflict')
  }
  expect((await client.call('auth.finish', { message: '' })).error?.data.kind).toBe('conflict')
  expect((await client.call('session.whoami')).result.role).toBe('admin')
})

it('locks out an operator on this machine after ten failures, but neither another one nor the cookie', async () => {
  stopClock()
  const control = await startControl({ limits: { loginFailureDelay: 1, loginTime: 60_000 } })
  for (const name of ['ann', 'bob'])
    await control.backend.operators.add({ name, role: 'viewer', password: 'right one' })
  for (let i = 0; i < 10; i++) {
    const client = await stranger(control, i % 2 ? '127.0.0.1' : '::1')
    expect((await logIn(client, wrong, 'ann')).error?.data.kind).toBe('auth_failed')
    await leave(client)
  }
  const locked = await stranger(control)
  expect((await logIn(locked, 'right one', 'ann')).error).toMatchObject({
    code: -32010,
    data: { kind: 'rate_limited' },
  })
  expect(await locked.next()).toBeUndefined()

  expect((await logIn(await stranger(control), 'right one', 'bob')).result.role).toBe('viewer')
  expect((await logIn(await stranger(control), cookieOf(control))).result.role).toBe('admin')
  await entered(control)
})

it('lets in who knows the cookie, however many have guessed at it, and bounds what the log has to say of them', async () => {
  stopClock()
  const control = await startControl({ limits: { loginFailureDelay: 1 } })
  for (let i = 0; i < 30; i++) {
    const client = await stranger(control)
    expect((await logIn(client, wrong)).error?.data.kind).toBe('auth_failed')
    await leave(client)
  }
  expect((await logIn(await stranger(control), cookieOf(control))).result.role).toBe('admin')
  expect(control.log.filter((line) => line.endsWith('failed'))).toHaveLength(10)
})

it('judges no more of those who guess at once than may fail', async () => {
  stopClock()
  const control = await startControl({ limits: { loginFailures: 3 } })
  const guessers = await Promise.all(Array.from({ length: 8 }, () => stranger(control)))
  const { message } = beginClient('ann')
  const answers = await Promise.all(guessers.map((guesser) => begin(guesser, message)))
  expect(answers.filter(({ result }) => result !== undefined)).toHaveLength(3)
  const refused = answers.flatMap(({ error }) => error?.data.kind ?? [])
  expect(refused).toEqual(Array(5).fill('rate_limited'))
})

it('does not count a login that succeeds', async () => {
  const control = await startControl({ limits: { loginFailures: 3 } })
  for (let i = 0; i < 10; i++) {
    expect((await logIn(await stranger(control), cookieOf(control))).result.role).toBe('admin')
  }
})

it('counts a finish without a beginning against an address from afar', async () => {
  stopClock()
  const control = await startTlsControl({ limits: { loginFailures: 1, loginFailureDelay: 1 } })
  const client = await strangerByTls(control)
  expect((await client.call('auth.finish', { message: '' })).error?.data.kind).toBe('auth_failed')
  expect((await logIn(await strangerByTls(control), wrong, 'ann')).error?.data.kind).toBe('rate_limited')
})
