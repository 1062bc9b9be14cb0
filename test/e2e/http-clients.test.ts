import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { closedFields } from '../../shared/filter/connection-fields.ts'
import { compileFilter } from '../../shared/filter/filter.ts'
import type { ClosedConnection } from '../../shared/protocol/methods.ts'
import { sharedDaemon } from '../helpers/daemon.ts'
import { eventually } from '../helpers/eventually.ts'
import { operate } from '../helpers/operate.ts'
import { findProgram, run } from '../helpers/programs.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'
import { startWebServer } from '../helpers/web-server.ts'

/** Programs in use everywhere, each with a client of its own for HTTP proxies or SOCKS 4. */
const [curl, wget, git] = [findProgram('curl'), findProgram('wget'), findProgram('git')]
const python = findProgram('python3')

/** What is asked of every one of them comes through the proxy, or not at all. */
const withoutOthers = { PATH: process.env.PATH, HOME: process.env.HOME, no_proxy: '' }

describe.each(['portable', 'linux'])('clients of HTTP and SOCKS 4 through the %s engine', (engine) => {
  const locked = sharedDaemon(['--engine', engine, '-u', 'bob:hunter2', '-u', 'zoë:pässword'])
  const open = sharedDaemon(['--engine', engine])
  const proxy = async (login = '') => `http://${login}127.0.0.1:${(await locked()).port('socks')}`
  const page = () =>
    startWebServer('127.0.0.1', (request, response) => {
      const { connection, 'proxy-authorization': login, 'proxy-connection': old } = request.headers
      response.end(`${request.method} ${request.url} ${connection} ${login} ${old}`)
    })

  test.skipIf(!curl)('curl: pages and tunnels, with the login that it is told to give', async () => {
    const url = `${await page()}/page?a=b`
    const ask = async (...args: readonly string[]) => run(curl ?? '', ['-sS', '--noproxy', '', ...args, url])
    const through = ['-x', await proxy(), '--proxy-user', 'bob:hunter2']
    const got = { status: 0, stdout: 'GET /page?a=b close undefined undefined' }
    expect(await ask(...through)).toMatchObject(got)
    expect(await ask(...through, '--proxy-anyauth', '-U', 'zoë:pässword')).toMatchObject(got)
    const tunnelled = expect.stringMatching(/^GET \/page\?a=b (undefined|keep-alive) undefined undefined$/)
    for (const way of [[], ['--proxy-anyauth'], ['--proxy1.0', (await proxy()).slice(7)]])
      expect(await ask(...through, '-p', ...way)).toMatchObject({ status: 0, stdout: tunnelled })
    const wrong = ['-x', await proxy(), '-o', '/dev/null', '-w', '%{http_code} %{http_connect}']
    expect(await ask(...wrong, '-U', 'bob:wrong')).toMatchObject({ stdout: '407 000' })
    expect(await ask(...wrong, '-p')).toMatchObject({ status: 56, stdout: '000 407' })
    expect((await locked()).stderr).not.toMatch(/hunter2|pässword/)
  })

  test.skipIf(!curl)('curl: SOCKS 4 and 4A, and what the row says of who comes how', async () => {
    const daemon = await open()
    const [url, operator] = [await page(), await operate(daemon)]
    const ways = ['-x http://', '-p -x http://', '--socks4 ', '--socks4a ', '--socks5-hostname ']
    for (const way of ways) {
      const args = `${way}127.0.0.1:${daemon.port('socks')}`.split(' ')
      const named = way.includes('socks4 ') ? url : url.replace('127.0.0.1', 'localhost')
      expect(await run(curl ?? '', ['-sS', '--noproxy', '', ...args, named])).toMatchObject({ status: 0 })
    }
    await eventually(async () => {
      const { connections } = (await operator.call('connections.closed', { limit: ways.length })).result
      const told = connections.map(({ protocol, command }: Record<string, string>) => `${protocol} ${command}`)
      expect(told).toEqual(['socks5 connect', 'socks4 connect', 'socks4 connect', 'http connect', 'http request'])
      const matching = (filter: string) => {
        const { matches } = compileFilter({ fields: closedFields }, filter)
        return connections.map((connection: ClosedConnection) => Number(matches?.({ connection })))
      }
      expect(matching('protocol:http')).toEqual([0, 0, 0, 1, 1])
      expect(matching('command:request')).toEqual([0, 0, 0, 0, 1])
    })
  })

  test.skipIf(!curl)('curl: a body of 20 MiB each way', async () => {
    const sums: string[] = []
    const server = await startWebServer('127.0.0.1', async (request, response) => {
      const hash = createHash('sha256')
      for await (const chunk of request) {
        hash.update(chunk)
        if (!response.write(chunk)) await new Promise((resolve) => response.once('drain', resolve))
      }
      sums.push(hash.digest('hex'))
      response.end()
    })
    const file = join(await temporaryFolder(), 'body')
    const size = ['if=/dev/urandom', `of=${file}`, 'bs=1M', 'count=20', 'status=none']
    expect(await run('dd', size)).toMatchObject({ status: 0 })
    const through = ['-sS', '--noproxy', '', '-x', await proxy('bob:hunter2@'), '-o', `${file}.back`]
    for (const coding of ['Expect:', 'Transfer-Encoding: chunked'])
      expect(await run(curl ?? '', [...through, '-H', coding, '-T', file, server])).toMatchObject({ status: 0 })
    expect(new Set(sums).size).toBe(1)
    expect(await run('cmp', [file, `${file}.back`])).toMatchObject({ status: 0 })
  })

  test('another protocol in place of HTTP, as WebSockets have it', async () => {
    const server = createServer().on('upgrade', (request, socket, head) => {
      socket.write(
        `HTTP/1.1 101 Switching Protocols\r\nUpgrade: ${request.headers.upgrade}\r\nConnection: Upgrade\r\n\r\n`,
      )
      socket.unshift(head)
      socket.pipe(socket)
    })
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as { port: number }
    const script = `
      const socket = require('node:net').connect(${(await open()).port('socks')}, '127.0.0.1')
      socket.write('GET http://127.0.0.1:${port}/ HTTP/1.1\\r\\nConnection: Upgrade\\r\\nUpgrade: echo\\r\\n\\r\\nhello')
      socket.setEncoding('latin1').on('data', (text) => {
        process.stdout.write(text)
        if (text.endsWith('hello')) socket.destroy()
      })`
    const { stdout } = await run(process.execPath, ['-e', script])
    expect(stdout).toMatch(/^HTTP\/1\.1 101 .*\r\nUpgrade: echo\r\n(?:.|\n)*\r\n\r\nhello$/)
    server.close()
  })

  test.skipIf(!wget)('wget', async () => {
    const url = await page()
    const env = { ...withoutOthers, http_proxy: await proxy() }
    const login = ['--proxy-user=bob', '--proxy-password=hunter2']
    expect(await run(wget ?? '', ['-qO-', ...login, url], { env })).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/^GET \/ close undefined undefined$/),
    })
    expect(await run(wget ?? '', ['-qO-', url], { env })).toMatchObject({ status: 8 })
  })

  test.skipIf(!git)('git', async () => {
    const [folder, answers] = [await temporaryFolder(), [] as string[]]
    const url = await startWebServer('127.0.0.1', (request, response) => {
      answers.push(`${request.url}`)
      response.setHeader('content-type', 'application/x-git-upload-pack-advertisement')
      response.end(
        '001e# service=git-upload-pack\n0000003e1234567890123456789012345678901234567890 refs/heads/main\0\n0000',
      )
    })
    const env = { ...withoutOthers, http_proxy: await proxy('bob:hunter2@'), HOME: folder }
    const { stdout } = await run(git ?? '', ['ls-remote', `${url}/repository`], { env })
    expect(stdout).toBe('1234567890123456789012345678901234567890\trefs/heads/main\n')
    expect(answers).toEqual(['/repository/info/refs?service=git-upload-pack'])
  })

  test.skipIf(!python)("Python's urllib", async () => {
    const env = { ...withoutOthers, http_proxy: await proxy('bob:hunter2@') }
    const script = 'import sys, urllib.request; print(urllib.request.urlopen(sys.argv[1]).read().decode())'
    expect(await run(python ?? '', ['-c', script, await page()], { env })).toMatchObject({
      status: 0,
      stdout: 'GET / close undefined undefined\n',
    })
  })

  test("Node's own, for fetch and http", async () => {
    const env = { ...withoutOthers, NODE_USE_ENV_PROXY: '1', http_proxy: await proxy('bob:hunter2@') }
    const script = `
      const url = process.argv[1]
      const fetched = await (await fetch(url)).text()
      const { default: http } = await import('node:http')
      http.get(url, (response) => response.setEncoding('utf8').on('data', (got) => console.log([fetched, got].join('|'))))`
    const outcome = await run(process.execPath, ['--input-type=module', '-e', script, await page()], { env })
    expect(outcome.stdout).toMatch(/^GET \/ \S+ undefined undefined\|GET \/ \S+ undefined undefined\n$/)
  })
})
