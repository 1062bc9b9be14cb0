import { connect } from 'node:net'
import { describe, expect, it } from 'vitest'
import { bytes } from '../helpers/bytes.ts'
import { startDaemon } from '../helpers/daemon.ts'
import { operate, set } from '../helpers/operate.ts'
import { Peer } from '../helpers/peer.ts'
import { greetingForLogin, login } from '../helpers/socks-client.ts'

const kinds = process.platform === 'linux' ? ['linux', 'portable'] : ['portable']

/** Says a login from this address. */
function attempt(port: number, localAddress: string, name: string, password: string): Peer {
  const client = new Peer(connect({ port, host: '127.0.0.1', localAddress }))
  client.write(bytes(greetingForLogin, login(name, password)))
  return client
}

/** As many as make a full queue, and more, from four addresses. */
const guessers = 260

// Only Linux has all of 127.0.0.0/8 on its loopback.
describe.runIf(process.platform === 'linux').each(kinds)('%s engine: a flood of guesses', (kind) => {
  it.each([
    ['at once', false],
    ['without end', true],
  ])('%s does not get a good user refused, nor anybody without a check', async (_, goesOn) => {
    const daemon = await startDaemon(['--engine', kind, '-u', 'bob:secret', '--timeout-negotiation', '20000'])
    const port = daemon.port('socks')
    let refused = 0
    const guess = async (i: number): Promise<Peer> => {
      const client = attempt(port, `127.0.1.${1 + (i % 4)}`, `guess${i}`, 'guess')
      await client.readHex(2)
      return client
    }
    /** Whoever is refused guesses again, if the flood goes on. */
    const refuse = (i: number) => async (client: Peer) => {
      await client.readHex(2)
      refused++
      if (goesOn)
        void guess(i + guessers)
          .then(refuse(i + guessers))
          .catch(() => {})
    }
    const guesses = await Promise.all(Array.from({ length: guessers }, (_, i) => guess(i)))
    for (const [i, client] of guesses.entries()) void refuse(i)(client).catch(() => {})

    const bob = attempt(port, '127.0.0.2', 'bob', 'secret')
    expect(await bob.readHex(4)).toBe('05020100')
    // Whom the queue had no room for was not told that the password is wrong.
    expect(refused).toBeLessThan(60)
  })
})

describe.runIf(process.platform === 'linux').each(kinds)('%s engine: a flood of guesses from 20 sources', (kind) => {
  it('ends with a ban of each, and good users come in meanwhile', async () => {
    const daemon = await startDaemon(['--engine', kind, '-u', 'bob:secret', '-u', 'ann:secret'])
    const client = await operate(daemon)
    await set(client, { 'ban-exempt': [] })
    const port = daemon.port('socks')
    const enter = (name: string) => attempt(port, '127.0.0.2', name, 'secret').readHex(4)
    expect(await enter('bob')).toBe('05020100')

    let guesses = 0
    const isBanned = (from: string) => daemon.stderr.includes(`"${from} is banned`)
    /** One guess after the other from this address, until it is banned. */
    const flood = async (from: string) => {
      while (!isBanned(from)) await attempt(port, from, 'bob', `guess${guesses++}`).discard()
    }
    const sources = Array.from({ length: 20 }, (_, i) => `127.0.1.${10 + i}`)
    const floods = sources.flatMap((from) => Array.from({ length: 15 }, () => flood(from)))
    expect(await enter('ann')).toBe('05020100')
    await Promise.all(floods)
    expect(await enter('bob')).toBe('05020100')
    expect(sources.filter((from) => !isBanned(from))).toEqual([])
  })
})
