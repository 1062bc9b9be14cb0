import { connect } from 'node:net'
import { describe, expect, it } from 'vitest'
import { bytes } from '../helpers/bytes.ts'
import { startDaemon } from '../helpers/daemon.ts'
import { Peer } from '../helpers/peer.ts'
import { greetingForLogin, login } from '../helpers/socks-client.ts'

const kinds = process.platform === 'linux' ? ['linux', 'portable'] : ['portable']

/** Says a login from this address. */
function attempt(port: number, localAddress: string, name: string, password: string): Peer {
  const client = new Peer(connect({ port, host: '127.0.0.1', localAddress }))
  client.write(bytes(greetingForLogin, login(name, password)))
  return client
}

// Only Linux has all of 127.0.0.0/8 on its loopback.
describe.runIf(process.platform === 'linux').each(kinds)('%s engine: a flood of guesses', (kind) => {
  it('does not get a good user refused, nor anybody without a check', async () => {
    const daemon = await startDaemon(['--engine', kind, '-u', 'bob:secret', '--timeout-negotiation', '20000'])
    const port = daemon.port('socks')
    const guesses = Array.from({ length: 260 }, (_, i) => attempt(port, `127.0.1.${1 + (i % 4)}`, `guess${i}`, 'guess'))
    await Promise.all(guesses.map((guess) => guess.readHex(2)))
    let refused = 0
    for (const guess of guesses)
      void guess.readHex(2).then(
        () => refused++,
        () => {},
      )

    const bob = attempt(port, '127.0.0.2', 'bob', 'secret')
    expect(await bob.readHex(4)).toBe('05020100')
    // Whom the queue had no room for was not told that the password is wrong.
    expect(refused).toBeLessThan(60)
  })
})
