import { describe, expect, test } from 'vitest'
import { type Daemon, startDaemon, temporaryFolders } from '../helpers/daemon.ts'
import { operate, set } from '../helpers/operate.ts'
import { connectPeer } from '../helpers/peer.ts'
import { greeting } from '../helpers/socks-client.ts'

/** What a client from there gets: the method that is chosen for it, or the error's code. */
async function answerTo(daemon: Daemon, from: string): Promise<string> {
  try {
    const client = await connectPeer('127.0.0.1', daemon.port('socks'), from)
    client.write(greeting)
    return await client.readHex(2).catch(() => client.ending)
  } catch (error) {
    // The RST may come as soon as the connection stands.
    return (error as NodeJS.ErrnoException).code ?? String(error)
  }
}

describe.each(['portable', 'linux'])('with the %s engine', (engine) => {
  test('who is banned stays out over a restart, and comes in once the ban is lifted', async () => {
    const folders = await temporaryFolders()
    const first = await startDaemon(['--engine', engine], { folders })
    const client = await operate(first)
    const refused = await client.call('bans.add', { source: '127.0.0.5' })
    expect(refused.error).toMatchObject({ message: expect.stringContaining('ban-exempt') })

    await set(client, { 'ban-exempt': [] })
    const { ban, stored } = (await client.call('bans.add', { source: '127.0.0.5' })).result
    expect(ban).toMatchObject({ source: '127.0.0.5', until: null, reason: 'operator', by: 'local' })
    expect(stored).toBe(true)
    await client.call('bans.add', { source: '127.0.0.6', seconds: 3600 })
    expect(await answerTo(first, '127.0.0.5')).toBe('ECONNRESET')
    expect(await answerTo(first, '127.0.0.7')).toBe('0500')
    const { bans } = (await client.call('bans.list')).result
    expect(bans[1].until - bans[1].since).toBe(3_600_000)
    await first.kill()

    const second = await startDaemon(['--engine', engine], { folders })
    expect(await answerTo(second, '127.0.0.5')).toBe('ECONNRESET')
    expect(await answerTo(second, '127.0.0.6')).toBe('ECONNRESET')
    const again = await operate(second)
    expect((await again.call('bans.list')).result.bans).toEqual(bans)
    expect((await again.call('bans.remove', { source: '127.0.0.5' })).result).toEqual({ lifted: [ban], stored: true })
    expect(await answerTo(second, '127.0.0.5')).toBe('0500')
    expect((await again.call('bans.remove', { source: '127.0.0.5' })).error).toMatchObject({
      data: { kind: 'not_found' },
    })

    await set(again, { 'ban-exempt': ['127.0.0.0/29'] })
    expect(await answerTo(second, '127.0.0.6')).toBe('0500')
    await second.stop()
    const third = await startDaemon(['--engine', engine], { folders })
    expect((await (await operate(third)).call('bans.list')).result).toEqual({ bans: [] })
  })
})
