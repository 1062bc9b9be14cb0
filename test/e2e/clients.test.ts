import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { type Daemon, startDaemon } from '../helpers/daemon.ts'
import { mostTelling } from '../helpers/most-telling.ts'
import { findProgram, run } from '../helpers/programs.ts'
import { startTarget } from '../helpers/target.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'
import { startWebServer } from '../helpers/web-server.ts'

/** Programs in use everywhere, each with a SOCKS5 client of its own. */
const netcat = findProgram('nc.openbsd')
const proxychains = findProgram('proxychains4')
const curl = findProgram('curl')
/** Debian's own, since its package python3-socks is not for any other. */
const python = (await hasPythonSocks()) ? '/usr/bin/python3' : undefined

async function hasPythonSocks(): Promise<boolean> {
  const { status } = await run('/usr/bin/python3', ['-c', 'import socks'])
  if (status !== 0) console.warn('SKIPPED: tests that need python3-socks, which this machine lacks')
  return status === 0
}

function startForBob(engine: string): Promise<Daemon> {
  return startDaemon(['--engine', engine, '-u', 'bob:hunter2'])
}

test.skipIf(!netcat).each(mostTelling)('netcat: %s', async (engine) => {
  const daemon = await startDaemon(['--engine', engine])
  const target = await startTarget()
  const args = ['-X', '5', '-x', `127.0.0.1:${daemon.port('socks')}`, '-N', target.host, `${target.port}`]
  const outcome = run(netcat ?? '', args, { input: 'question' })
  const server = await target.next()
  expect(await server.readTextToEnd()).toBe('question')
  server.write('answer')
  server.finish()
  expect(await outcome).toMatchObject({ status: 0, stdout: 'answer' })
})

test.skipIf(!proxychains || !curl).each(mostTelling)('proxychains, with a login: %s', async (engine) => {
  const daemon = await startForBob(engine)
  const url = await startWebServer('127.0.0.1', (_, response) => response.end('hello'))
  const config = join(await temporaryFolder(), 'proxychains.conf')
  const proxy = `socks5 127.0.0.1 ${daemon.port('socks')} bob hunter2`
  writeFileSync(config, `strict_chain\nproxy_dns\n[ProxyList]\n${proxy}\n`)
  const outcome = await run(proxychains ?? '', ['-q', '-f', config, curl ?? '', '-sS', url])
  expect(outcome).toMatchObject({ status: 0, stdout: 'hello' })
})

test.skipIf(!python).each(mostTelling)('Python, with a login and a name: %s', async (engine) => {
  const daemon = await startForBob(engine)
  const target = await startTarget()
  const script = `
import socks, sys
client = socks.socksocket()
client.set_proxy(socks.SOCKS5, '127.0.0.1', int(sys.argv[1]), rdns=True, username='bob', password='hunter2')
client.connect(('localhost', int(sys.argv[2])))
client.sendall(b'question')
print(client.recv(100).decode())`
  const outcome = run(python ?? '', ['-c', script, `${daemon.port('socks')}`, `${target.port}`])
  const server = await target.next()
  expect(await server.readText(8)).toBe('question')
  server.write('answer')
  server.finish()
  expect(await outcome).toMatchObject({ status: 0, stdout: 'answer\n' })
})
