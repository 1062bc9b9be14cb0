import { describe, expect, test } from 'vitest'
import { type Daemon, spawnDaemon, startDaemon } from '../helpers/daemon.ts'
import { freePort } from '../helpers/free-port.ts'
import { mostTelling } from '../helpers/most-telling.ts'
import { operate } from '../helpers/operate.ts'
import { connectPeer } from '../helpers/peer.ts'
import { findProgram, run } from '../helpers/programs.ts'
import { startTarget } from '../helpers/target.ts'
import { startWebServer } from '../helpers/web-server.ts'

const curl = findProgram('curl')

/** Where its forwards listen, as `address:port`. */
function places(daemon: Daemon): string[] {
  return daemon.listening('forward').map((text) => text.replace(/ -> .*/, ''))
}

function portOf(place = ''): number {
  return Number(place.split(':').at(-1))
}

describe.each(mostTelling)('forwards of the %s engine', (engine) => {
  test.skipIf(!curl)('lead curl to an address and to a name, without a password, and are shown', async () => {
    const url = await startWebServer('127.0.0.1', (request, response) => request.pipe(response))
    const { port } = new URL(url)
    const forwards = ['--forward', `0=127.0.0.1:${port}`, '--forward', `[::1]:0=localhost:${port}`]
    const daemon = await startDaemon(['--engine', engine, '-u', 'bob:hunter2', ...forwards])
    expect(daemon.listening('forward')).toEqual([
      expect.stringMatching(new RegExp(`^127\\.0\\.0\\.1:\\d+ -> 127\\.0\\.0\\.1:${port}$`)),
      expect.stringMatching(new RegExp(`^\\[::1\\]:\\d+ -> localhost:${port}$`)),
    ])
    const body = 'All that is sent comes back. '.repeat(10_000)
    for (const place of places(daemon)) {
      const { stdout } = await run(curl ?? '', ['-sS', '--data-binary', '@-', `http://${place}/`], { input: body })
      expect(stdout === body).toBe(true)
    }

    const operator = await operate(daemon)
    const { listening } = (await operator.call('status.get')).result
    expect(listening.filter((at: { service: string }) => at.service === 'forward')).toEqual(
      daemon.listening('forward').map((text) => {
        const [address, destination] = text.split(' -> ')
        return { service: 'forward', address, destination }
      }),
    )
    const client = await connectPeer('::1', portOf(places(daemon)[1]))
    await expect
      .poll(async () => (await operator.call('connections.list')).result.connections)
      .toMatchObject([{ command: 'forward', state: 'open', user: null, destination: `localhost:${port}` }])
    client.reset()
  })

  test('do not lead to management', async () => {
    const port = await freePort()
    const daemon = await startDaemon(['--engine', engine, '--forward', `0=localhost:${port}`, '-P', String(port)])
    const ending = await connectPeer('127.0.0.1', portOf(places(daemon)[0])).then(
      (client) => client.discard(),
      (error: NodeJS.ErrnoException) => error.code,
    )
    expect(ending).toBe('ECONNRESET')
  })

  test('keep proxyd from starting where they cannot listen, which says so by their flag', async () => {
    const { port } = await startTarget()
    const args = ['--engine', engine, '--forward', `${port}=127.0.0.1:80`]
    const { status, stderr, stdout } = await (await spawnDaemon(args)).ended
    expect([status, stdout]).toEqual([1, ''])
    expect(stderr).toMatch(/^proxyd: port \d+ on 127\.0\.0\.1 is taken: [^\n]*--forward\n$/)
  })
})

test.each([
  ['itself', (at: number) => ['--forward', `${at}=127.0.0.1:${at}`]],
  ['itself on every address', (at: number) => ['--forward', `0.0.0.0:${at}=127.9.9.9:${at}`]],
  ['another', (at: number) => ['--forward', `0=0.0.0.0:${at}`, '--forward', `${at}=example.org:80`]],
  ['the SOCKS port', (at: number) => ['--forward', `0=[::ffff:127.0.0.1]:${at}`, '-p', `${at}`]],
  ['management', (at: number) => ['--forward', `0=127.0.0.1:${at}`, '-P', `${at}`]],
])('forwards that lead back to proxyd are refused at the start: to %s', async (_, args) => {
  const daemon = await spawnDaemon(args(await freePort()))
  const { status, stdout, stderr } = await daemon.ended
  expect([status, stdout]).toEqual([2, ''])
  expect(stderr).toMatch(/^proxyd: the forward \S+:\d+ leads to \S+:\d+, where proxyd itself listens: name another/)
})
