import { describe, expect, test } from 'vitest'
import { bytes } from '../helpers/bytes.ts'
import { startDaemon } from '../helpers/daemon.ts'
import { type DnsServer, startDnsServer } from '../helpers/dns-server.ts'
import { eventually } from '../helpers/eventually.ts'
import { freePort } from '../helpers/free-port.ts'
import { mostTelling } from '../helpers/most-telling.ts'
import { canMount, withFiles } from '../helpers/own-files.ts'
import { connectPeer, type Peer } from '../helpers/peer.ts'
import { findProgram, run } from '../helpers/programs.ts'
import { shared } from '../helpers/shared.ts'
import { expectRefusal, expectReply, greeting, request, succeeded } from '../helpers/socks-client.ts'
import { startTarget } from '../helpers/target.ts'
import { startWebServer } from '../helpers/web-server.ts'

const curl = findProgram('curl')

/** A client that may ask for a name now. */
async function connect(proxy: number, via = '127.0.0.1'): Promise<Peer> {
  const client = await connectPeer(via, proxy)
  client.write(bytes(greeting))
  expect(await client.readHex(2)).toBe('0500')
  return client
}

/** A client that asks for this name, and has not heard an answer yet. */
async function ask(proxy: number, name: string, port: number, via?: string): Promise<Peer> {
  const client = await connect(proxy, via)
  client.write(request(name, port))
  return client
}

/** A daemon for which the system asks a server of the test's, and has a hosts file with `own.test`. */
async function startOnSystem(engine: string) {
  // The system asks port 53 only; hopefully nobody else does at this address.
  const address = `127.53.${(process.pid >> 8) & 255}.${1 + Math.floor(Math.random() * 250)}`
  const names = ['four.test', 'other.test', 'later.test']
  const zone = Object.fromEntries(names.map((name) => [name, { addresses: ['127.0.0.1'] }]))
  const server = await startDnsServer(zone, address, 53)
  const within = await withFiles({
    '/etc/resolv.conf': `nameserver ${address}\n`,
    '/etc/hosts': '127.0.0.1 localhost own.test\n',
  })
  return { server, daemon: await startDaemon(['--engine', engine], { within }) }
}

/** The questions for a name, sorted. */
function askedOf({ questions }: DnsServer, name: string): string[] {
  return questions.filter((question) => question.startsWith(`${name} `)).toSorted()
}

describe.each(mostTelling)('names asked of --dns by the %s engine', (engine) => {
  const local = { addresses: ['127.0.0.1'] }
  const many = Array.from({ length: 3_900 }, (_, n) => `127.1.${n >> 8}.${n & 255}`)
  /** A name for each test, so that no answer is known already. */
  const zone = {
    'four.test': local,
    'six.test': { addresses: ['::1'] },
    'many.test': local,
    'quick.test': local,
    'last-of-many.test': { addresses: [...many, '127.0.0.1'] },
    'six-of-many.test': { addresses: [...many, '::1'] },
    'beside.test': local,
    'later.test': local,
  }
  const onServer = shared(async (atEnd) => {
    const server = await startDnsServer(zone, '127.0.0.1', 0, atEnd)
    return { server, daemon: await startDaemon(['--engine', engine, '--dns', server.at], { atEnd }) }
  })

  test.skipIf(!curl)('lead curl to either family', async () => {
    const { daemon } = await onServer()
    for (const [name, at] of [
      ['four.test', '127.0.0.1'],
      ['six.test', '::1'],
    ] as const) {
      const url = await startWebServer(at, (_, response) => response.end(`hello from ${at}`))
      const named = `http://${name}:${new URL(url).port}`
      const args = ['-sS', '--max-time', '60', '--proxy', `socks5h://127.0.0.1:${daemon.port('socks')}`, named]
      expect(await run(curl ?? '', args)).toEqual({ status: 0, stdout: `hello from ${at}`, stderr: '' })
    }
  })

  test('are asked for once by a hundred, and not again by those who come later', async () => {
    const { server, daemon } = await onServer()
    const target = await startTarget()
    const clients = await Promise.all(Array.from({ length: 100 }, () => connect(daemon.port('socks'))))
    for (const type of ['A', 'AAAA']) server.hold(`many.test ${type}`)
    for (const client of clients) client.write(request('many.test', target.port))
    await eventually(() => expect(askedOf(server, 'many.test')).not.toEqual([]))
    server.release()
    for (const client of clients) await expectReply(client, succeeded)
    const asked = askedOf(server, 'many.test')
    expect(new Set(asked)).toEqual(new Set(['many.test A', 'many.test AAAA']))
    // On a machine so busy that two seconds go by without an answer each question comes twice more.
    expect(asked.length).toBeLessThanOrEqual(3 * 2)
    await expectReply(await ask(daemon.port('socks'), 'many.test', target.port), succeeded)
    expect(askedOf(server, 'many.test')).toEqual(asked)
  })

  test('that do not exist are not asked for again at once', async () => {
    const { server, daemon } = await onServer()
    for (let i = 0; i < 5; i++) await expectRefusal(await ask(daemon.port('socks'), 'unknown.test', 80), '04')
    expect(askedOf(server, 'unknown.test')).toEqual(['unknown.test A', 'unknown.test AAAA'])
  })

  test('that take long delay only those who asked for them', async () => {
    const { server, daemon } = await onServer()
    const target = await startTarget()
    const slow = await Promise.all(Array.from({ length: 10 }, () => connect(daemon.port('socks'))))
    const quick = await connect(daemon.port('socks'))
    for (const [n, client] of slow.entries()) {
      for (const type of ['A', 'AAAA']) server.hold(`slow${n}.test ${type}`)
      client.write(request(`slow${n}.test`, 80))
    }
    quick.write(request('quick.test', target.port))
    await expectReply(quick, succeeded)
    expect(slow.map(({ socket }) => socket.readableLength)).toEqual(slow.map(() => 0))
    server.release()
    for (const client of slow) await expectRefusal(client, '04')
  })

  test('are dialled at no more than 32 of their addresses, of both families, however many a server tells', async () => {
    const { daemon } = await onServer()
    const target = await startTarget('::1', await freePort())
    await startTarget('127.0.0.1', target.port)
    await expectRefusal(await ask(daemon.port('socks'), 'last-of-many.test', target.port), '05')
    await expectReply(await ask(daemon.port('socks'), 'six-of-many.test', target.port), succeeded)
  })

  test('whose server is silent keep only those waiting who ask for them, and nobody once they have gone', async () => {
    const { server, daemon } = await onServer()
    const target = await startTarget()
    const greedy = await Promise.all(
      Array.from({ length: 400 }, (_, n) => {
        for (const type of ['A', 'AAAA']) server.hold(`dead${n}.test ${type}`)
        return ask(daemon.port('socks'), `dead${n}.test`, 80)
      }),
    )
    const dead = () => server.questions.filter((question) => question.startsWith('dead'))
    const arrive = () => expect(dead().length).toBeGreaterThanOrEqual(100)
    await eventually(arrive)
    await expectReply(await ask(daemon.port('socks'), 'beside.test', target.port, '::1'), succeeded)
    for (const client of greedy) client.reset()
    await expectReply(await ask(daemon.port('socks'), 'later.test', target.port), succeeded)
  })
})

if (canMount) {
  describe.each(mostTelling)("the system's names asked for by the %s engine", (engine) => {
    test('are reached if one family is silent, and those of this machine wait for nobody', async () => {
      const { server, daemon } = await startOnSystem(engine)
      const target = await startTarget()
      server.hold('four.test AAAA')
      await expectReply(await ask(daemon.port('socks'), 'four.test', target.port), succeeded)
      const dead = await Promise.all(
        Array.from({ length: 300 }, (_, n) => {
          for (const type of ['A', 'AAAA']) server.hold(`dead${n}.test ${type}`)
          return ask(daemon.port('socks'), `dead${n}.test`, 80)
        }),
      )
      for (const name of ['localhost', 'own.test', 'app.localhost', '127.0.0.1.'])
        await expectReply(await ask(daemon.port('socks'), name, target.port), succeeded)
      await expectReply(await ask(daemon.port('socks'), 'other.test', target.port, '::1'), succeeded)
      for (const client of dead) client.reset()
      await expectReply(await ask(daemon.port('socks'), 'later.test', target.port), succeeded)
      await daemon.kill()
    })

    test('are not waited for in the end', async () => {
      const { server, daemon } = await startOnSystem(engine)
      const target = await startTarget()
      server.hold('four.test AAAA')
      const client = await ask(daemon.port('socks'), 'four.test', target.port)
      await expectReply(client, succeeded)
      client.reset()
      expect(await daemon.stop()).toMatchObject({ status: 0, signal: null, stderr: expect.stringContaining('stopped') })
      // The system would have asked again meanwhile.
      expect(server.questions.filter((question) => question === 'four.test AAAA')).toHaveLength(1)
    })
  })
} else {
  console.warn("SKIPPED: tests of the system's names, for this process may not mount files for others")
}
