import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { closedFields } from '../../shared/filter/connection-fields.ts'
import { compileFilter } from '../../shared/filter/filter.ts'
import type { ClosedConnection } from '../../shared/protocol/methods.ts'
import { sharedDaemon } from '../helpers/daemon.ts'
import { eventually } from '../helpers/eventually.ts'
import { freePort } from '../helpers/free-port.ts'
import { mostTelling } from '../helpers/most-telling.ts'
import { operate } from '../helpers/operate.ts'
import { findProgram, run } from '../helpers/programs.ts'
import { type Answering, type Asked, startSecureServer } from '../helpers/secure-server.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'
import { startWebServer } from '../helpers/web-server.ts'

/** Programs in use everywhere, each with a client of its own for HTTP proxies or SOCKS 4. */
const [curl, wget, git] = [findProgram('curl'), findProgram('wget'), findProgram('git')]
const python = findProgram('python3')

/** What is asked of every one of them comes through the proxy, or not at all. */
const withoutOthers = { PATH: process.env.PATH, HOME: process.env.HOME, no_proxy: '' }

function tell({ method, url, headers }: Asked, response: Answering): void {
  const { connection, 'proxy-authorization': login, 'proxy-connection': old } = headers
  response.end(`${method} ${url} ${connection} ${login} ${old}`)
}
/** A page over TLS: the login does not get there. What else a client says in its tunnel is its own. */
const tunnelled = /^GET \/ \S+ undefined \S+$/

describe.each(mostTelling)('clients of HTTP and SOCKS 4 through the %s engine', (engine) => {
  const locked = sharedDaemon(['--engine', engine, '-u', 'bob:hunter2', '-u', 'zoë:pässword'])
  const open = sharedDaemon(['--engine', engine])
  const proxy = async (login = '') => `http://${login}127.0.0.1:${(await locked()).port('socks')}`
  const page = () => startWebServer('127.0.0.1', tell)
  /** Where a page is in the clear and where one is over TLS, and what a client has to be told to reach them. */
  const pages = async (login?: string, handle = tell) => {
    const [plain, { url, authorityFile }] = [await startWebServer('127.0.0.1', handle), await startSecureServer(handle)]
    const [http_proxy, trusted] = [await proxy(login), { SSL_CERT_FILE: authorityFile, GIT_SSL_CAINFO: authorityFile }]
    const own = { http_proxy, https_proxy: http_proxy, ...trusted, NODE_EXTRA_CA_CERTS: authorityFile }
    return { plain, secure: url, authorityFile, env: { ...withoutOthers, ...own } }
  }

  test.skipIf(!curl)('curl: pages and tunnels, with the login that it is told to give', async () => {
    const url = `${await page()}/page?a=b`
    const ask = async (...args: readonly string[]) => run(curl ?? '', ['-sS', '--noproxy', '', ...args, url])
    const through = ['-x', await proxy(), '--proxy-user', 'bob:hunter2']
    const got = { status: 0, stdout: 'GET /page?a=b close undefined undefined' }
    expect(await ask(...through)).toMatchObject(got)
    expect(await ask(...through, '--proxy-anyauth', '-U', 'zoë:pässword')).toMatchObject(got)
    const inTunnel = expect.stringMatching(/^GET \/page\?a=b (undefined|keep-alive) undefined undefined$/)
    for (const way of [[], ['--proxy-anyauth'], ['--proxy1.0', (await proxy()).slice(7)]])
      expect(await ask(...through, '-p', ...way)).toMatchObject({ status: 0, stdout: inTunnel })
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

  // What curl's own tests ask of SOCKS 4 (tests/data/test700 to 742 and tests/http/test_40_socks.py there), of a real server.
  test.skipIf(!curl)('curl: whatever else it asks of SOCKS 4', async () => {
    const [url, free] = [await page(), await freePort()]
    const [named, six] = [url.replace('127.0.0.1', 'localhost'), await startWebServer('::1', tell)]
    const [at, guarded] = [`127.0.0.1:${(await open()).port('socks')}`, `127.0.0.1:${(await locked()).port('socks')}`]
    const ask = (args: readonly string[], env: NodeJS.ProcessEnv = withoutOthers) =>
      run(curl ?? '', ['-sS', ...args], { env })
    const got = { status: 0, stdout: expect.stringMatching(/^GET \/ \S+ undefined undefined$/), stderr: '' }
    const id = (length: number) => `${'a'.repeat(length)}@`
    for (const args of [
      ['-x', `socks4://${at}`, url],
      ['-x', `socks4://${at}`, '-U', 'bob:', url],
      ['-x', `socks4://${id(255)}${at}`, url],
      ['-x', `socks4a://${id(255)}${at}`, named],
      ['-x', `socks4a://${at}`, url],
      ['-x', `socks4a://${at}`, six],
      ['--preproxy', `socks4://${at}`, '-x', await proxy('bob:hunter2@'), url],
      ['--preproxy', `socks4a://${at}`, '-x', await proxy('bob:hunter2@'), '-p', named],
    ])
      expect(await ask(args), args.join(' ')).toMatchObject(got)
    for (const proxied of [`socks4://${at}`, `socks4a://${at}`])
      expect(await ask([url], { ...withoutOthers, all_proxy: proxied })).toMatchObject(got)
    for (const args of [
      ['-x', `socks4://${at}`, `http://127.0.0.1:${free}`],
      ['-x', `socks4a://${at}`, `http://localhost:${free}`],
      // No name has so long a part, and nobody is asked for it.
      ['-x', `socks4a://${at}`, `http://${'a'.repeat(64)}.test`],
      ['-x', `socks4://${id(256)}${at}`, url],
      ['-x', `socks4a://${id(1000)}${at}`, named],
      ['-x', `socks4://bob@${guarded}`, url],
    ])
      expect(await ask(args), args.join(' ')).toMatchObject({ status: 97, stdout: '' })
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
      socket.write('GET http://127.0.0.1:${port}/ HTTP/1.1\\r\\nConnection: Upgrade\\r\\nUpgrade: echo\\r\\n\\r\\n')
      socket.setEncoding('latin1').on('data', (text) => {
        process.stdout.write(text)
        if (text.endsWith('hello')) socket.destroy()
        else if (text.endsWith('\\r\\n\\r\\n')) socket.write('hello')
      })`
    const { stdout } = await run(process.execPath, ['-e', script])
    expect(stdout).toMatch(/^HTTP\/1\.1 101 .*\r\nUpgrade: echo\r\n(?:.|\n)*\r\n\r\nhello$/)
    server.close()
  })

  test.skipIf(!curl)('curl: a page over TLS by HTTP/2, as it agrees with the site, however it comes', async () => {
    const { secure, authorityFile } = await pages()
    const unlocked = `127.0.0.1:${(await open()).port('socks')}`
    for (const way of [await proxy('bob:hunter2@'), `socks5h://${unlocked}`, `socks4a://${unlocked}`]) {
      const args = ['-sS', '--noproxy', '', '--http2', '--cacert', authorityFile, '-w', ' %{http_version}', '-x', way]
      const got = { status: 0, stdout: 'GET / undefined undefined undefined 2', stderr: '' }
      expect(await run(curl ?? '', [...args, secure])).toEqual(got)
    }
  })

  test.skipIf(!wget)('wget', async () => {
    const { plain, secure, authorityFile, env } = await pages()
    const args = ['-qO-', `--ca-certificate=${authorityFile}`]
    const login = ['--proxy-user=bob', '--proxy-password=hunter2']
    const got = await run(wget ?? '', [...args, ...login, plain], { env })
    expect(got).toMatchObject({ status: 0, stdout: 'GET / close undefined undefined' })
    expect((await run(wget ?? '', [...args, ...login, secure], { env })).stdout).toMatch(tunnelled)
    for (const url of [plain, secure])
      expect((await run(wget ?? '', [...args, url], { env })).stdout, 'without the login').toBe('')
  })

  test.skipIf(!git)('git', async () => {
    const answers: string[] = []
    const { plain, secure, env } = await pages('bob:hunter2@', ({ url }, response) => {
      answers.push(`${url}`)
      response.setHeader('content-type', 'application/x-git-upload-pack-advertisement')
      response.end(
        '001e# service=git-upload-pack\n0000003e1234567890123456789012345678901234567890 refs/heads/main\0\n0000',
      )
    })
    const home = { ...env, HOME: await temporaryFolder() }
    for (const url of [plain, secure]) {
      const { stdout } = await run(git ?? '', ['ls-remote', `${url}/repository`], { env: home })
      expect(stdout).toBe('1234567890123456789012345678901234567890\trefs/heads/main\n')
    }
    expect(answers).toEqual(Array(2).fill('/repository/info/refs?service=git-upload-pack'))
  })

  test.skipIf(!python)("Python's urllib", async () => {
    const { plain, secure, env } = await pages('bob:hunter2@')
    const script =
      'import sys, urllib.request\nfor url in sys.argv[1:]: print(urllib.request.urlopen(url).read().decode())'
    const { stdout, stderr } = await run(python ?? '', ['-c', script, plain, secure], { env })
    expect(stdout, stderr).toBe('GET / close undefined undefined\n'.repeat(2))
  })

  test("Node's own, for fetch and what is older", async () => {
    const { plain, secure, env } = await pages('bob:hunter2@')
    const script = `
      for (const url of process.argv.slice(1)) {
        console.log(await (await fetch(url)).text())
        const { get } = await import(url.startsWith('https:') ? 'node:https' : 'node:http')
        await new Promise((resolve) => get(url, (response) => response.on('data', (got) => console.log(\`\${got}\`)).on('end', resolve)))
      }`
    const args = ['--input-type=module', '-e', script, plain, secure]
    const { stdout, stderr } = await run(process.execPath, args, { env: { ...env, NODE_USE_ENV_PROXY: '1' } })
    const got = stdout.trimEnd().split('\n')
    expect(got, stderr).toEqual(Array(4).fill(expect.stringMatching(tunnelled)))
  })
})
