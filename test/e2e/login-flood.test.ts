import { describe, expect, it } from 'vitest'
import { startDaemon } from '../helpers/daemon.ts'
import { attemptLogin } from '../helpers/login-attempt.ts'
import { mostTelling } from '../helpers/most-telling.ts'
import type { Peer } from '../helpers/peer.ts'

/** As many as make a full queue, and more, from four addresses. */
const guessers = 260

// Only Linux has all of 127.0.0.0/8 on its loopback.
describe.runIf(process.platform === 'linux').each(mostTelling)('%s engine: a flood of guesses', (kind) => {
  it.each([
    ['at once', false],
    ['without end', true],
  ])('%s does not get a good user refused, nor anybody without a check', async (_, goesOn) => {
    const flags = ['-u', 'bob:secret', '--timeout-negotiation', '20000']
    const daemon = await startDaemon(['--engine', kind, '--workers', '2', ...flags])
    const port = daemon.port('socks')
    let refused = 0
    const guess = async (i: number): Promise<Peer> => {
      const client = attemptLogin(port, `127.0.1.${1 + (i % 4)}`, `guess${i}`, 'guess')
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

    const bob = attemptLogin(port, '127.0.0.2', 'bob', 'secret')
    expect(await bob.readHex(4)).toBe('05020100')
    // Whom the queue had no room for was not told that the password is wrong.
    expect(refused).toBeLessThan(60)
  })
})
