import { describe, expect, it } from 'vitest'
import { startDaemon } from '../helpers/daemon.ts'
import { attemptLogin } from '../helpers/login-attempt.ts'
import { operate, set } from '../helpers/operate.ts'
import { longestTest } from '../helpers/patience.ts'

const kinds = process.platform === 'linux' ? ['linux', 'portable'] : ['portable']

// Only Linux has all of 127.0.0.0/8 on its loopback.
describe.runIf(process.platform === 'linux').each(kinds)('%s engine: a flood of guesses from 20 sources', (kind) => {
  // Guesses cost time to check, and a busy machine has little.
  it('ends with a ban of each, and good users come in meanwhile', { timeout: 5 * longestTest }, async () => {
    const daemon = await startDaemon(['--engine', kind, '--workers', '2', '-u', 'bob:secret', '-u', 'ann:secret'])
    const client = await operate(daemon)
    await set(client, { 'ban-exempt': [] })
    const port = daemon.port('socks')
    const enter = (name: string) => attemptLogin(port, '127.0.0.2', name, 'secret').readHex(4)
    expect(await enter('bob')).toBe('05020100')

    let guesses = 0
    const isBanned = (from: string) => daemon.stderr.includes(`"${from} is banned`)
    /** One guess after the other from this address, until it is banned. */
    const flood = async (from: string) => {
      while (!isBanned(from)) await attemptLogin(port, from, 'bob', `guess${guesses++}`).discard()
    }
    const sources = Array.from({ length: 20 }, (_, i) => `127.0.1.${10 + i}`)
    const floods = sources.flatMap((from) => Array.from({ length: 15 }, () => flood(from)))
    expect(await enter('ann')).toBe('05020100')
    await Promise.all(floods)
    expect(await enter('bob')).toBe('05020100')
    expect(sources.filter((from) => !isBanned(from))).toEqual([])
  })
})
