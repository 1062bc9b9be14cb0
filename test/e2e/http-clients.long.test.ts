import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { sharedDaemon } from '../helpers/daemon.ts'
import { findProgram, run } from '../helpers/programs.ts'
import { type Answering, type Asked, startSecureServer } from '../helpers/secure-server.ts'
import { bulkHash, startSecureSite } from '../helpers/site.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'
import { startWebServer } from '../helpers/web-server.ts'

/** As `http-clients.test.ts`, what takes seconds. */
const [java, keytool] = [findProgram('java'), findProgram('keytool')]
const [curl, npm, python] = [findProgram('curl'), findProgram('npm'), findProgram('python3')]
const withoutOthers = { PATH: process.env.PATH, no_proxy: '' }

const asking = `
import java.net.*;
import java.net.http.*;

public class Ask {
  public static void main(String[] args) throws Exception {
    var login = new Authenticator() {
      @Override protected PasswordAuthentication getPasswordAuthentication() {
        return new PasswordAuthentication("bob", "hunter2".toCharArray());
      }
    };
    Authenticator.setDefault(login);
    var proxy = new InetSocketAddress("127.0.0.1", Integer.parseInt(args[0]));
    var client = HttpClient.newBuilder().proxy(ProxySelector.of(proxy)).authenticator(login).build();
    for (var url : new String[] { args[1], args[2] }) {
      var connection = new URL(url).openConnection(new Proxy(Proxy.Type.HTTP, proxy));
      System.out.println(new String(connection.getInputStream().readAllBytes()));
      var response = client.send(HttpRequest.newBuilder(URI.create(url)).build(), HttpResponse.BodyHandlers.ofString());
      System.out.println(response.version() + " " + response.body());
    }
  }
}`

describe.each(['portable', 'linux'])('slow clients of HTTP through the %s engine', (engine) => {
  const locked = sharedDaemon(['--engine', engine, '-u', 'bob:hunter2'])
  const open = sharedDaemon(['--engine', engine])
  const proxy = async () => `http://bob:hunter2@127.0.0.1:${(await locked()).port('socks')}`
  /** Where a page is in the clear and where one is over TLS, and whom to believe there. */
  const pages = async (handle = (_: Asked, response: Answering) => void response.end('hello')) => {
    const [plain, { url, authorityFile }] = [await startWebServer('127.0.0.1', handle), await startSecureServer(handle)]
    return { plain, secure: url, authorityFile }
  }

  test.skipIf(!curl)('curl: 20 MiB by HTTP/2, by each protocol', async () => {
    const { url, authorityFile } = await startSecureSite()
    const unlocked = `127.0.0.1:${(await open()).port('socks')}`
    const file = join(await temporaryFolder(), 'bulk')
    for (const way of [await proxy(), `socks5h://${unlocked}`, `socks4a://${unlocked}`]) {
      const args = ['-sS', '--noproxy', '', '--http2', '--cacert', authorityFile, '-o', file, '-w', '%{http_version}']
      expect(await run(curl ?? '', [...args, '-x', way, `${url}/bulk`])).toEqual({ status: 0, stdout: '2', stderr: '' })
      expect(createHash('sha256').update(readFileSync(file)).digest('hex')).toBe(bulkHash)
    }
  })

  test.skipIf(!java || !keytool)('Java, both of its own, which are told to log in first', async () => {
    const { plain, secure, authorityFile } = await pages()
    const folder = await temporaryFolder()
    const [file, store] = [join(folder, 'Ask.java'), join(folder, 'trusted')]
    writeFileSync(file, asking)
    const into = ['-importcert', '-noprompt', '-alias', 'test', '-keystore', store, '-storepass', 'a secret']
    expect(await run(keytool ?? '', [...into, '-file', authorityFile])).toMatchObject({ status: 0 })
    const trusting = [
      '-Djdk.http.auth.tunneling.disabledSchemes=',
      `-Djavax.net.ssl.trustStore=${store}`,
      '-Djavax.net.ssl.trustStorePassword=a secret',
    ]
    const port = (await locked()).port('socks')
    const { stdout, stderr } = await run(java ?? '', [...trusting, file, `${port}`, plain, secure])
    expect(stdout, stderr).toBe('hello\nHTTP_1_1 hello\nhello\nHTTP_2 hello\n')
  })

  test.skipIf(!npm)('npm', async () => {
    const { plain, secure, authorityFile } = await pages((request, response) => {
      response.setHeader('content-type', 'application/json')
      response.end(JSON.stringify({ asked: request.url }))
    })
    const ping = async (registry: string, through: string) => {
      const proxies = { npm_config_proxy: through, npm_config_https_proxy: through, npm_config_cafile: authorityFile }
      const env = { ...withoutOthers, HOME: await temporaryFolder(), ...proxies, npm_config_registry: registry }
      return run(npm ?? '', ['ping', '--json', '--fetch-retries', '0'], { env })
    }
    for (const registry of [plain, secure]) {
      const outcome = await ping(registry, await proxy())
      expect(outcome).toMatchObject({ status: 0, stdout: expect.stringContaining('/-/ping') })
    }
    expect((await ping(plain, `http://127.0.0.1:${(await locked()).port('socks')}`)).status).not.toBe(0)
  })

  test.skipIf(!python)("Python's requests", async () => {
    const script = 'import sys, requests\nfor url in sys.argv[1:]: print(requests.get(url).text)'
    const { status } = await run(python ?? '', ['-c', 'import requests'])
    if (status !== 0) return console.warn('SKIPPED: tests that need python3-requests, which this machine lacks')
    const { plain, secure, authorityFile } = await pages()
    const proxies = { http_proxy: await proxy(), https_proxy: await proxy() }
    const env = { ...withoutOthers, ...proxies, REQUESTS_CA_BUNDLE: authorityFile }
    expect(await run(python ?? '', ['-c', script, plain, secure], { env })).toMatchObject({
      status: 0,
      stdout: 'hello\nhello\n',
    })
  })
})
