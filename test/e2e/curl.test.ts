import { describe, expect, test } from 'vitest'
import { startDaemon } from '../helpers/daemon.ts'
import { mostTelling } from '../helpers/most-telling.ts'
import { findProgram, run } from '../helpers/programs.ts'
import { startWebServer } from '../helpers/web-server.ts'

const curl = findProgram('curl')
/** curl's exit status when the proxy refuses it. */
const refusedByProxy = 97

function fetch(proxy: string, url: string) {
  return run(curl ?? '', ['-sS', '--max-time', '60', '--proxy', proxy, url])
}

describe.skipIf(!curl).each(mostTelling)('curl through the %s engine', (engine) => {
  test('either family reaches either family', async () => {
    const daemon = await startDaemon(['--engine', engine])
    for (const to of ['127.0.0.1', '::1']) {
      const url = await startWebServer(to, (_, response) => response.end(`hello from ${to}`))
      for (const from of ['127.0.0.1', '[::1]']) {
        const outcome = await fetch(`socks5://${from}:${daemon.port('socks')}`, url)
        expect(outcome).toEqual({ status: 0, stdout: `hello from ${to}`, stderr: '' })
      }
    }
  })

  test('a name of the hosts file is resolved by proxyd, and each of its addresses tried', async () => {
    const daemon = await startDaemon(['--engine', engine])
    const url = await startWebServer('127.0.0.1', (request, response) => response.end(request.headers.host))
    const named = url.replace('127.0.0.1', 'localhost')
    const { stdout } = await fetch(`socks5h://127.0.0.1:${daemon.port('socks')}`, named)
    expect(`http://${stdout}`).toBe(named)
  })

  test('a large body arrives whole, both ways', async () => {
    const daemon = await startDaemon(['--engine', engine])
    const url = await startWebServer('127.0.0.1', (request, response) => request.pipe(response))
    const body = 'All that is sent comes back. '.repeat(300_000)
    const args = ['-sS', '--proxy', `socks5://[::1]:${daemon.port('socks')}`, '--data-binary', '@-', url]
    expect((await run(curl ?? '', args, { input: body })).stdout === body).toBe(true)
  })

  test('once there is a user, only the right password gets through', async () => {
    const daemon = await startDaemon(['--engine', engine, '-u', 'bob:s3:cret'])
    const url = await startWebServer('127.0.0.1', (_, response) => response.end('hello'))
    for (const host of ['127.0.0.1', '[::1]']) {
      const as = (login: string) => fetch(`socks5://${login}${host}:${daemon.port('socks')}`, url)
      expect(await as('bob:s3%3Acret@')).toMatchObject({ status: 0, stdout: 'hello' })
      expect(await as('bob:wrong@')).toMatchObject({ status: refusedByProxy, stdout: '' })
      expect(await as('eve:s3%3Acret@')).toMatchObject({ status: refusedByProxy, stdout: '' })
      expect(await as('')).toMatchObject({ status: refusedByProxy, stdout: '' })
    }
  })
})
