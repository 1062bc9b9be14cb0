import { readFile } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { bytes } from '../helpers/bytes.ts'
import { type Daemon, startDaemon, temporaryFolders } from '../helpers/daemon.ts'
import { eventually } from '../helpers/eventually.ts'
import { mostTelling } from '../helpers/most-telling.ts'
import { operate, set } from '../helpers/operate.ts'
import { connectPeer } from '../helpers/peer.ts'
import { greeting, greetingForLogin, login } from '../helpers/socks-client.ts'

/** What a client from there gets: the first `count` bytes, or how it ended without them. */
async function answerTo(daemon: Daemon, from: string, said: Uint8Array, count: number): Promise<string> {
  try {
    const client = await connectPeer('127.0.0.1', daemon.port('socks'), from)
    client.write(said)
    const answer = await client.readHex(count).catch(() => client.ending)
    client.reset()
    return answer
  } catch (error) {
    // The RST may come as soon as the connection stands.
    return (error as NodeJS.ErrnoException).code ?? String(error)
  }
}

const greet = (daemon: Daemon, from: string) => answerTo(daemon, from, greeting, 2)
const logIn = (daemon: Daemon, from: string, name: string, password: string) =>
  answerTo(daemon, from, bytes(greetingForLogin, login(name, password)), 4)

const names = ['ann', 'bob', 'x y=%\n'] as const

const admitted = '05020100'
const refused = '05020101'
const reset = 'ECONNRESET'

// Only Linux has all of 127.0.0.0/8 on its loopback.
describe.runIf(process.platform === 'linux').each(mostTelling)('with the %s engine', (engine) => {
  test('who is banned, and where a user logged in well, is known after a restart; a ban that is lifted is not', async () => {
    const folders = await temporaryFolders()
    const first = await startDaemon(['--engine', engine], { folders })
    const client = await operate(first)
    const exempt = await client.call('bans.add', { source: '127.0.0.5' })
    expect(exempt.error).toMatchObject({ message: expect.stringContaining('ban-exempt') })

    await set(client, { 'ban-exempt': [] })
    const { ban, stored } = (await client.call('bans.add', { source: '127.0.0.5' })).result
    expect(ban).toMatchObject({ source: '127.0.0.5', until: null, reason: 'operator', by: 'local' })
    expect(stored).toBe(true)
    await client.call('bans.add', { source: '127.0.0.6', seconds: 3600 })
    expect(await greet(first, '127.0.0.5')).toBe(reset)
    expect(await greet(first, '127.0.0.7')).toBe('0500')
    const { bans } = (await client.call('bans.list')).result
    expect(bans[1].until - bans[1].since).toBe(3_600_000)
    await first.kill()

    const second = await startDaemon(['--engine', engine], { folders })
    expect(await greet(second, '127.0.0.5')).toBe(reset)
    expect(await greet(second, '127.0.0.6')).toBe(reset)
    const again = await operate(second)
    expect((await again.call('bans.list')).result.bans).toEqual(bans)
    expect((await again.call('bans.remove', { source: '127.0.0.5' })).result).toEqual({ lifted: [ban], stored: true })
    expect(await greet(second, '127.0.0.5')).toBe('0500')
    expect((await again.call('bans.remove', { source: '127.0.0.5' })).error).toMatchObject({
      data: { kind: 'not_found' },
    })

    await set(again, { 'ban-exempt': ['127.0.0.0/29'] })
    expect(await greet(second, '127.0.0.6')).toBe('0500')
    await set(again, { 'ban-exempt': [] })
    await again.call('users.add', { name: 'bob', password: 'secret' })
    expect(await logIn(second, '127.0.0.5', 'bob', 'secret')).toBe(admitted)
    await second.stop()

    const third = await startDaemon(['--engine', engine], { folders })
    expect((await (await operate(third)).call('bans.list')).result).toEqual({ bans: [] })
    let guesses = 0
    for (; (await logIn(third, '127.0.0.6', names[guesses % 3] as string, `guess${guesses}`)) === refused; guesses++)
      expect(await logIn(third, '127.0.0.5', names[guesses % 3] as string, `guess${guesses}`)).toBe(refused)
    expect(guesses).toBeGreaterThanOrEqual(3)
    expect(await logIn(third, '127.0.0.5', 'bob', 'secret')).toBe(admitted)
  })

  test('who guesses passwords is banned, and nobody who logged in well from there before', async () => {
    const daemon = await startDaemon(['--engine', engine, '--workers', '2', '-u', 'bob:secret'])
    const client = await operate(daemon)
    await set(client, { 'ban-exempt': [] })
    // By a login that the loop remembers, of which nobody but the loop knows that it came from there, too.
    expect(await logIn(daemon, '127.0.0.8', 'bob', 'secret')).toBe(admitted)
    expect(await logIn(daemon, '127.0.0.5', 'bob', 'secret')).toBe(admitted)
    // A penalty passes by itself, so that it takes a few more where time passes between them.
    let guesses = 0
    for (; (await logIn(daemon, '127.0.0.6', names[guesses % 3] as string, `guess${guesses}`)) === refused; guesses++)
      expect(await logIn(daemon, '127.0.0.5', names[guesses % 3] as string, `guess${guesses}`)).toBe(refused)
    expect(guesses).toBeGreaterThanOrEqual(3)
    // One stale password is one mistake, however often a browser tries it.
    for (let i = 0; i < 10; i++) expect(await logIn(daemon, '127.0.0.7', 'bob', 'stale')).toBe(refused)
    expect(await logIn(daemon, '127.0.0.6', 'bob', 'secret')).toBe(reset)
    expect(await logIn(daemon, '127.0.0.5', 'bob', 'secret')).toBe(admitted)
    expect(await logIn(daemon, '127.0.0.7', 'bob', 'secret')).toBe(admitted)

    const { bans } = (await client.call('bans.list')).result
    expect(bans).toMatchObject([{ source: '127.0.0.6', reason: 'login', by: null }])
    expect(bans[0].until - bans[0].since).toBeGreaterThan(10_000)
    await client.call('bans.remove', { source: '127.0.0.6' })
    expect(await logIn(daemon, '127.0.0.6', 'bob', 'secret')).toBe(admitted)

    const { stderr } = await daemon.stop()
    const lines = [...stderr.matchAll(/"msg":"(auth_failed [^"]*)"/g)].map(([, line]) => line)
    expect(lines.filter((line) => line?.includes('ip=127.0.0.6')).slice(0, 3)).toEqual([
      'auth_failed ip=127.0.0.6 user=ann reason=unknown_user',
      'auth_failed ip=127.0.0.6 user=bob reason=wrong_password',
      'auth_failed ip=127.0.0.6 user=x%20y%3d%25%0a reason=unknown_user',
    ])
    expect(lines.filter((line) => line?.includes('ip=127.0.0.7'))).toHaveLength(1)
    const filter = await failregex()
    expect(stderr.split('\n').flatMap((line) => filter.exec(line)?.groups?.ip ?? [])).toHaveLength(lines.length)
  })

  test('who speaks what is no request is banned after a while, but neither who was served before nor whom a web page makes do it', async () => {
    const daemon = await startDaemon(['--engine', engine, '--timeout-negotiation', '100'])
    const client = await operate(daemon)
    await set(client, { 'ban-exempt': [] })
    const port = daemon.port('socks')
    const browser = await connectPeer('127.0.0.1', port, '127.0.0.8')
    browser.write(`GET http://127.0.0.1:${port}/ HTTP/1.1\r\nHost: x\r\n\r\n`)
    await browser.discard()
    for (let i = 0; i < 60; i++) {
      const garbler = await connectPeer('127.0.0.1', port, i % 2 ? '127.0.0.5' : '127.0.0.8').catch(() => undefined)
      garbler?.write(i % 4 < 2 ? '(get / HTTP/1.1\r\n\r\n' : 'GET http://a.test/\r\n\r\n')
      garbler?.finish()
      await garbler?.discard()
    }
    await eventually(async () => {
      const { bans } = (await client.call('bans.list')).result
      expect(bans).toMatchObject([{ source: '127.0.0.5', reason: 'malformed' }])
    })
    // What preconnect, fetch and WebRTC have a browser say, sixteen times each.
    const saidByPages = [
      ...['', 'GET / HTTP/1.1\r\n\r\n', 'patch /x HTTP/1.1\r\n\r\n', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
      ...[
        `GET /${'a'.repeat(70_000)}`,
        bytes(0x16, 3, 1, 2),
        bytes(0, 3, 0, 8),
        bytes(2, 4, 0, 1),
        bytes(0x80, 70, 1, 3),
      ],
    ]
    for (const said of saidByPages) {
      const browsers = await Promise.all(Array.from({ length: 16 }, () => connectPeer('127.0.0.1', port, '127.0.0.6')))
      for (const browser of browsers) browser.write(said)
      await Promise.all(browsers.map((each) => each.discard()))
    }
    // All that has come before is looked at ahead of what gets this one banned.
    await eventually(async () => {
      const last = await connectPeer('127.0.0.1', port, '127.0.0.9').catch(() => undefined)
      last?.write('(')
      await last?.discard()
      const { bans } = (await client.call('bans.list')).result
      expect(bans.map(({ source }: { source: string }) => source)).toEqual(['127.0.0.5', '127.0.0.9'])
    })
    for (const from of ['127.0.0.5', '127.0.0.9']) expect(await greet(daemon, from)).toBe(reset)
    for (const from of ['127.0.0.6', '127.0.0.7', '127.0.0.8']) expect(await greet(daemon, from)).toBe('0500')
  })
})

/** The one of the filter that docs/fail2ban.md shows, for a line as fail2ban hands it to that. */
async function failregex(): Promise<RegExp> {
  const text = await readFile(new URL('../../docs/fail2ban.md', import.meta.url), 'utf8')
  const [, pattern = ''] = /^failregex = (.*)$/m.exec(text) ?? []
  return new RegExp(pattern.replace('<ADDR>', '(?<ip>[0-9a-f.:]+)'))
}
