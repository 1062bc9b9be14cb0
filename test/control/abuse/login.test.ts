import { isDeepStrictEqual } from 'node:util'
import { describe, expect, it } from 'vitest'
import { cookieUser, limits } from '../../../shared/protocol/limits.ts'
import { beginClient } from '../../../shared/protocol/scram.ts'
import { startDaemon } from '../../helpers/daemon.ts'
import { eventually } from '../../helpers/eventually.ts'
import { greeted, logIn, type RawClient, started } from '../raw-client.ts'
import { abusedDaemon, admin, cookieOf, loggedIn, servedBeside, unharmedBy } from './abused-daemon.ts'

const abused = abusedDaemon()
const wrong = '0'.repeat(64)

/** A stranger on TCP, past `session.start`. Each of these addresses has failures of its own. */
async function stranger(localAddress = '127.0.0.1'): Promise<RawClient> {
  const client = await greeted({ ...abused.tcp, localAddress })
  await started(client)
  return client
}

function begin(client: RawClient, message: string) {
  return client.call('auth.begin', { mechanism: 'SCRAM-SHA-256', message })
}

/** What the attempt is told; and that nothing follows. */
async function refusalOf(client: RawClient, attempt: Promise<{ error?: object }>): Promise<object | undefined> {
  const { error } = await attempt
  expect(await client.rest()).toEqual([])
  client.socket.end()
  expect(await client.closed).toBe(false)
  return error
}

const failed = { code: -32002, message: 'the login failed', data: { kind: 'auth_failed' } }

/** What is refused in the same words, whoever asks for it in whatever wrong way. */
const attempts: [name: string, attempt: (client: RawClient) => Promise<{ error?: object }>][] = [
  ['a wrong password', (client) => logIn(client, wrong)],
  ['an unknown name', (client) => logIn(client, wrong, 'nobody')],
  ['a name of the prototype', (client) => logIn(client, wrong, '__proto__')],
  ['a name of 1,500 bytes', (client) => logIn(client, wrong, 'x'.repeat(1500))],
  ['no message of RFC 5802', (client) => begin(client, 'let me in')],
  ['an empty message', (client) => begin(client, '')],
  ['an empty name', (client) => begin(client, 'n,,n=,r=abc')],
  ['a name that is not escaped', (client) => begin(client, 'n,,n=a=b,r=abc')],
  ['a demand for channel binding', (client) => begin(client, 'p=tls-unique,,n=a,r=abc')],
  ['a mandatory extension', (client) => begin(client, 'n,,m=x,n=a,r=abc')],
  ['a finish without a beginning', (client) => client.call('auth.finish', { message: 'c=biws,r=x,p=AAAA' })],
  [
    'a second beginning',
    (client) => begin(client, beginClient(cookieUser).message).then(() => begin(client, 'n,,n=a,r=b')),
  ],
]

describe('what is no login', () => {
  // First: the log tells of no more than ten failures a minute.
  it('is judged once, however many guesses are sent ahead', async () => {
    await servedBeside(abused, async () => {
      const client = await stranger('127.0.2.1')
      const logged = () => abused.daemon.stderr.split('127.0.2.1 failed').length - 1
      client.request('auth.finish', { message: 'c=biws' })
      const { message } = beginClient(cookieUser)
      for (let i = 0; i < 50; i++) client.request('auth.begin', { mechanism: 'SCRAM-SHA-256', message })
      expect(await client.rest()).toMatchObject([{ error: failed }])
      await eventually(() => expect(logged()).toBe(1))
    })
  })

  it('is refused in the same words, late, and with the end of the connection', async () => {
    await unharmedBy(abused, async () => {
      await Promise.all(
        attempts.map(async ([name, attempt], index) => {
          const client = await eventually(() => stranger(`127.0.1.${index + 1}`))
          expect(await refusalOf(client, attempt(client)), name).toEqual(failed)
        }),
      )
    })
    await loggedIn(abused)
  })
})

it('takes no proof twice, nor on another connection, nor of mixed messages', async () => {
  await servedBeside(abused, async () => {
    const exchange = beginClient(cookieUser)
    const [honest, thief, mixer, replayer] = [
      await stranger('127.0.3.1'),
      await stranger('127.0.3.2'),
      await stranger('127.0.3.3'),
      await stranger('127.0.3.4'),
    ]
    const cookie = cookieOf(abused)
    const challenge = await begin(honest, exchange.message)
    const other = await begin(mixer, exchange.message)
    await begin(thief, exchange.message)
    await begin(replayer, exchange.message)
    const { message } = exchange.answer(challenge.result.message, cookie)
    // Made for one challenge and said to another.
    const mixed = message.replace(/r=[^,]*/, /r=[^,]*/.exec(other.result.message)?.[0] ?? '')
    const [stolen, blended] = [
      refusalOf(thief, thief.call('auth.finish', { message })),
      refusalOf(mixer, mixer.call('auth.finish', { message: mixed })),
    ]
    expect((await honest.call('auth.finish', { message })).result.role).toBe('admin')
    expect(await refusalOf(replayer, replayer.call('auth.finish', { message }))).toEqual(failed)
    expect([await stolen, await blended]).toEqual([failed, failed])
    for (const attempt of [logIn(honest, cookie), honest.call('auth.finish', { message })]) {
      expect((await attempt).error?.data.kind).toBe('conflict')
    }
  })
})

it('stops brute force of a name after ten failures, and hinders neither others, the cookie nor the Unix socket', async () => {
  await unharmedBy(abused, async () => {
    const guess = async (name: string, password: string) => {
      const client = await eventually(() => stranger('127.0.4.1'))
      return refusalOf(client, logIn(client, password, name))
    }
    const begun = performance.now()
    // So few at once that a busy machine judges each within its time to log in.
    const answers: (object | undefined)[] = []
    for (let from = 0; from < 20; from += 4) {
      answers.push(...(await Promise.all(Array.from({ length: 4 }, (_, index) => guess('root', `${from + index}`)))))
    }
    const judged = answers.filter((answer) => isDeepStrictEqual(answer, failed)).length
    // A new secret decides which names share a count: root may do so with the three that were tried before.
    expect(judged).toBeGreaterThanOrEqual(limits.loginFailures - 3)
    // A minute makes ten good.
    const madeGood = ((performance.now() - begun) * limits.loginFailures) / 60_000
    expect(judged).toBeLessThanOrEqual(limits.loginFailures + madeGood)
    const limited = { code: -32010, data: { kind: 'rate_limited' } }
    for (const answer of answers) if (!isDeepStrictEqual(answer, failed)) expect(answer).toMatchObject(limited)
    const others = ['admin', 'guest', 'operator']
    expect(await Promise.all(others.map((name) => guess(name, wrong)))).toContainEqual(failed)
    await loggedIn(abused)
    await admin(abused)
  })
})

it('challenges an unknown name alike after a restart, as it does operators', async () => {
  const first = await startDaemon()
  const saltFrom = async (daemon: typeof first) => {
    const client = await greeted({ host: '127.0.0.1', port: daemon.port('control') })
    await started(client)
    return /,s=([^,]+),/.exec((await begin(client, beginClient('nobody').message)).result.message)?.[1]
  }
  const salt = await saltFrom(first)
  await first.kill()
  expect(await saltFrom(await startDaemon([], { folders: first.folders }))).toBe(salt)
  expect(await saltFrom(await startDaemon())).not.toBe(salt)
})
