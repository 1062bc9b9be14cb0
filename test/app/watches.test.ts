import { createHmac } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { spawnDaemon, startDaemon } from '../helpers/daemon.ts'
import { eventually } from '../helpers/eventually.ts'
import { attemptLogin } from '../helpers/login-attempt.ts'
import { exec } from '../helpers/proxy-tui.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'
import { openApp } from './open-app.ts'

test('who guesses passwords is told of by message, bell, event, log and webhook', async () => {
  const posts: { body: string; signature: unknown }[] = []
  const server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    posts.push({ body, signature: request.headers['x-proxyd-signature'] })
    response.end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close().closeAllConnections())
  const secret = join(await temporaryFolder(), 'secret')
  await writeFile(secret, 'a secret\n', { mode: 0o600 })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  const daemon = await startDaemon(['--user', 'bob:hunter2', '--webhook-url', url, '--webhook-secret', secret])
  await using app = await openApp(daemon)
  let bells = 0
  app.emulator.onBell(() => bells++)
  const added = await exec(daemon, 'watches add guesses login-failures>1 for 1h')
  expect(added.stdout).toBe('watches for login-failures>1 for 1h00m as guesses\n')
  for (const password of ['one', 'two'])
    await attemptLogin(daemon.port('socks'), '127.0.0.2', 'bob', password).discard()
  await app.shows(/watch guesses: 127\.0\.0\.2: more than 1 failed login within 1h00m/)
  await eventually(() => expect(bells).toBe(1))
  await daemon.logs(/watch guesses: 127\.0\.0\.2: more than 1 failed login within 1h00m/)
  await eventually(() => expect(posts).toHaveLength(1))
  const [{ body, signature } = { body: '', signature: '' }] = posts
  expect(JSON.parse(body)).toMatchObject({ watch: 'guesses', state: 'firing', subject: '127.0.0.2', missed: 0 })
  expect(signature).toBe(`sha256=${createHmac('sha256', 'a secret').update(body).digest('hex')}`)

  const listed = await exec(daemon, 'watches; events kind:watch; audit --action watches; get webhook-url', '--json')
  expect(listed.stdout).not.toContain(url)
  expect(listed.stdout).toContain('"firing":["127.0.0.2"],"fired":1')
  expect(listed.stdout).toMatch(/"kind":"watch","level":"warn","text":"guesses: 127\.0\.0\.2/)
  expect(listed.stdout).toMatch(/"action":"watches.add".*"given":\{"name":"guesses","text":"login-failures>1 for 1h"\}/)

  // They have a page, behind the log and what happened.
  app.type('6vv')
  await app.shows(/1\/1 watches\n.*\n>guesses +login-failures>1 for 1h00m +127\.0\.0\.2 +1 /)
  app.type('D')
  await app.shows(/0\/0 watches[\s\S]*removed the watch guesses: .*; u undoes/)
  app.type('a')
  await app.shows(/New watch/)
  app.type('big\tRATE>1MB/s user:bob for 3s\r')
  await app.shows(/! a watch begins with rate>10MB/)
  app.type('\u001b')
  await app.until(() => !/New watch/.test(app.screen), 'gives the form up')
  app.type('abig\trate>1MB/s user:bob for 3s\r')
  await app.shows(/>big +rate>1MB\/s user:bob for 3s +- +0 /)
  expect((await exec(daemon, 'watches remove big')).stdout).toContain('removed the watch big')
  expect((await exec(daemon, 'watches add x rate>fast')).stderr).toMatch(/write rate>10MB\/s; see 'help watches add'/)
})

test.each([
  ['http://hooks.example/', 0o600, 2, /webhook-url is not on this machine: use https/],
  ['https://hooks.example/', 0o644, 1, /webhook-secret .* is open to others than its owner: chmod 600/],
])('with %s and a secret of mode %o the daemon does not start, and says why', async (url, mode, status, words) => {
  const secret = join(await temporaryFolder(), 'secret')
  await writeFile(secret, 'a secret\n', { mode })
  const ended = await (await spawnDaemon(['--webhook-url', url, '--webhook-secret', secret])).ended
  expect([ended.status, ended.stderr.trimEnd().split('\n').length]).toEqual([status, 1])
  expect(ended.stderr).toMatch(words)
})
