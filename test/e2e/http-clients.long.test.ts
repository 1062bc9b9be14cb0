import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { sharedDaemon } from '../helpers/daemon.ts'
import { findProgram, run } from '../helpers/programs.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'
import { startWebServer } from '../helpers/web-server.ts'

/** As `http-clients.test.ts`, the programs that take seconds to start. */
const [java, npm, python] = [findProgram('java'), findProgram('npm'), findProgram('python3')]
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
    var connection = new URL(args[1]).openConnection(new Proxy(Proxy.Type.HTTP, proxy));
    System.out.println(new String(connection.getInputStream().readAllBytes()));
    var client = HttpClient.newBuilder().proxy(ProxySelector.of(proxy)).authenticator(login).build();
    var request = HttpRequest.newBuilder(URI.create(args[1])).build();
    System.out.println(client.send(request, HttpResponse.BodyHandlers.ofString()).body());
  }
}`

describe.each(['portable', 'linux'])('slow clients of HTTP through the %s engine', (engine) => {
  const locked = sharedDaemon(['--engine', engine, '-u', 'bob:hunter2'])
  const proxy = async () => `http://bob:hunter2@127.0.0.1:${(await locked()).port('socks')}`
  const page = () => startWebServer('127.0.0.1', (_, response) => response.end('hello'))

  test.skipIf(!java)('Java, both of its own, which are told to log in first', async () => {
    const file = join(await temporaryFolder(), 'Ask.java')
    writeFileSync(file, asking)
    const { stdout, stderr } = await run(java ?? '', [file, `${(await locked()).port('socks')}`, await page()])
    expect(stdout, stderr).toBe('hello\nhello\n')
  })

  test.skipIf(!npm)('npm', async () => {
    const registry = await startWebServer('127.0.0.1', (request, response) => {
      response.setHeader('content-type', 'application/json').end(JSON.stringify({ asked: request.url }))
    })
    const folder = await temporaryFolder()
    const env = { ...withoutOthers, HOME: folder, npm_config_proxy: await proxy(), npm_config_registry: registry }
    const outcome = await run(npm ?? '', ['ping', '--json'], { env })
    expect(outcome).toMatchObject({ status: 0, stdout: expect.stringContaining('/-/ping') })
    const without = { ...env, npm_config_proxy: `http://127.0.0.1:${(await locked()).port('socks')}` }
    expect((await run(npm ?? '', ['ping', '--fetch-retries', '0'], { env: without })).status).not.toBe(0)
  })

  test.skipIf(!python)("Python's requests", async () => {
    const script = 'import sys, requests; print(requests.get(sys.argv[1]).text)'
    const { status } = await run(python ?? '', ['-c', 'import requests'])
    if (status !== 0) return console.warn('SKIPPED: tests that need python3-requests, which this machine lacks')
    const env = { ...withoutOthers, http_proxy: await proxy() }
    expect(await run(python ?? '', ['-c', script, await page()], { env })).toMatchObject({
      status: 0,
      stdout: 'hello\n',
    })
  })
})
