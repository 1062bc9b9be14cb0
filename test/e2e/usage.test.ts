import { describe, expect, test } from 'vitest'
import { connectThrough } from '../helpers/connect-through.ts'
import { startDaemon, temporaryFolders } from '../helpers/daemon.ts'
import { mostTelling } from '../helpers/most-telling.ts'
import { exec } from '../helpers/proxy-tui.ts'
import { startTarget } from '../helpers/target.ts'

describe.each(mostTelling)('with the %s engine', (engine) => {
  test('what users moved is told to the byte after a restart, by whom and when', async () => {
    const folders = await temporaryFolders()
    const first = await startDaemon(['--engine', engine], { folders })
    const target = await startTarget()
    const client = await connectThrough(first.port('socks'), target)
    const peer = await target.next()
    client.write('12345')
    await peer.readText(5)
    peer.write('1234567')
    await client.readText(7)
    client.finish()
    peer.finish()
    await Promise.all([client.discard(), peer.discard()])
    await first.stop()

    const second = await startDaemon(['--engine', engine], { folders })
    expect((await exec(second, 'usage --csv')).stdout).toBe('user,up,down,connections\n(no login),5,7,1\n')
    const { stdout } = await exec(second, 'usage --since 2d --by day')
    expect(stdout).toMatch(/^DAY +DOWN +UP +CONNECTIONS\n\d{4}-\d\d-\d\dT00:00:00Z +7 B +5 B +1\n$/)
    expect(await exec(second, 'usage nobody')).toMatchObject({ status: 1 })
  })
})
