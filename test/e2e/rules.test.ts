import { chmod, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { Command } from '../../daemon/socks/messages.ts'
import { bytes } from '../helpers/bytes.ts'
import { connectThrough } from '../helpers/connect-through.ts'
import { type Daemon, sharedDaemon, startDaemon } from '../helpers/daemon.ts'
import { mostTelling } from '../helpers/most-telling.ts'
import { connectPeer, type Peer } from '../helpers/peer.ts'
import { exec } from '../helpers/proxy-tui.ts'
import {
  expectRefusal,
  expectReply,
  greeting,
  greetingForLogin,
  login,
  request,
  succeeded,
} from '../helpers/socks-client.ts'
import { startTarget } from '../helpers/target.ts'

async function expectForbidden(daemon: Daemon, host: string, port: number): Promise<void> {
  const client = await connectPeer('127.0.0.1', daemon.port('socks'))
  client.write(bytes(greeting, request(host, port)))
  expect(await client.readHex(2)).toBe('0500')
  await expectRefusal(client, '02')
  client.finish()
}

/** A client that has logged in and has its reply. */
async function openAs(daemon: Daemon, user: string, password: string, port: number): Promise<Peer> {
  const client = await connectPeer('127.0.0.1', daemon.port('socks'))
  client.write(bytes(greetingForLogin, login(user, password), request('127.0.0.1', port)))
  expect(await client.readHex(4)).toBe('05020100')
  await expectReply(client, succeeded)
  return client
}

async function done(
  daemon: Daemon,
  ...commands: Parameters<typeof exec> extends [unknown, ...infer Rest] ? Rest : never
) {
  const { status, stdout, stderr } = await exec(daemon, ...commands)
  expect([status, stderr]).toEqual([0, ''])
  return stdout
}

describe.each(mostTelling)('rules of the %s engine', (engine) => {
  const daemons = sharedDaemon(['--engine', engine, '--workers', '2', '--commands', 'connect'])

  it('are written with --exec, act at once, on live connections too, and outlast the daemon', async () => {
    const daemon = await startDaemon(['--engine', engine, '--timeout-drain', '0'])
    const target = await startTarget('127.0.0.1')
    const live = await connectThrough(daemon.port('socks'), { host: 'localhost', port: target.port })

    const dry = await exec(daemon, `rules add deny to localhost port ${target.port} --dry-run`)
    expect(dry.stderr).toBe('')
    expect(dry.stdout).toBe(`+ deny to localhost port ${target.port}\nwould cut 1 connection\n`)
    const added = await done(daemon, `rules add deny to localhost port ${target.port} # no more`)
    expect(added).toBe(`+ deny to localhost port ${target.port} # no more\ncut 1 connection\n`)
    expect(await live.ending).toBe('ECONNRESET')
    await expectForbidden(daemon, 'LOCALHOST.', target.port)
    await connectThrough(daemon.port('socks'), { host: '127.0.0.1', port: target.port })

    const [closed] = JSON.parse(await done(daemon, 'closed', '--json'))
    expect(closed).toMatchObject({ reason: 'forbidden', rule: 16 })
    const rules = JSON.parse(await done(daemon, 'rules', '--json'))
    expect(rules.map(({ id, place, hits }: Record<string, unknown>) => [id, place, hits])).toEqual([
      [1, null, 0],
      [16, 1, 2],
      [2, null, 0],
    ])

    await daemon.stop()
    const again = await startDaemon(['--engine', engine], { folders: daemon.folders })
    await expectForbidden(again, 'localhost', target.port)
    await done(again, 'rules remove 16')
    await connectThrough(again.port('socks'), { host: 'localhost', port: target.port })
  })

  it('show how often the setting of commands has refused', async () => {
    const daemon = await daemons()
    const client = await connectPeer('127.0.0.1', daemon.port('socks'))
    client.write(bytes(greeting, request('127.0.0.1', 80, Command.bind)))
    expect(await client.readHex(2)).toBe('0500')
    await expectRefusal(client, '07')
    const rules = JSON.parse(await done(daemon, 'rules', '--json'))
    expect(rules).toContainEqual(expect.objectContaining({ text: 'deny cmd bind,udp-associate', hits: 1 }))
  })

  it('may be about users whom there is not yet, and act on them as soon as there are', async () => {
    const daemon = await daemons()
    const target = await startTarget('127.0.0.1')
    const early = await exec(daemon, `rules add deny user:kim port ${target.port}`)
    expect([early.status, early.stderr]).toEqual([
      0,
      'proxy-tui: note: there is no user "kim" yet, so this is about nobody\n',
    ])
    expect(await done(daemon, 'rules')).toMatch(/deny user:kim port \d+ {2}\(nobody of that name\)$/m)
    const password = (await done(daemon, 'adduser kim')).trim().split(/\s+/).at(-1) ?? ''
    expect(await done(daemon, 'rules')).toMatch(/deny user:kim port \d+$/m)
    const client = await connectPeer('127.0.0.1', daemon.port('socks'))
    client.write(bytes(greetingForLogin, login('kim', password), request('127.0.0.1', target.port)))
    expect(await client.readHex(4)).toBe('05020100')
    await expectRefusal(client, '02')
  })

  it('are about groups, whoever comes into them, live sessions too', async () => {
    const daemon = await daemons()
    const target = await startTarget('127.0.0.1')
    const early = await exec(daemon, `rules add deny group:kids port ${target.port}`)
    expect([early.status, early.stderr]).toEqual([
      0,
      'proxy-tui: note: there is no group "kids" yet, so this is about nobody\n',
    ])
    const password = (await done(daemon, 'adduser tim')).trim().split(/\s+/).at(-1) ?? ''
    const live = await openAs(daemon, 'tim', password, target.port)
    await done(daemon, 'groups add kids; users set tim group=kids')
    expect(await live.ending).toBe('ECONNRESET')
    await done(daemon, 'users set tim group=')
    await openAs(daemon, 'tim', password, target.port)
  })
})

const daemons = sharedDaemon()

it('are taken as a text that is refused as a whole', async () => {
  const daemon = await daemons()
  const file = join(daemon.folders.runtime, 'rules.txt')
  const apply = async (text: string) => {
    await writeFile(file, text)
    return exec(daemon, `rules apply ${file}`)
  }
  expect((await apply('# first\ndeny to a.example\n')).stdout).toBe('+ deny to a.example\ncut 0 connections\n')
  expect((await apply('deny to b.example\nallow too\n')).stderr).toMatch(/line 2, column 7: "too" is no clause/)
  const failing = await apply('deny to b.example\ntest from 192.0.2.1 b.example:80 = allow\n')
  expect(failing.stderr).toMatch(/line 2, column 1: this test expects allowed, but it is denied by rule 17/)
  expect(await done(daemon, 'rules')).toContain('deny to a.example')
})

it('are tried out point by point', async () => {
  const daemon = await startDaemon(['-u', 'bob:secret'])
  const nowhere = await exec(daemon, 'rules test - nowhere.invalid:80')
  expect(nowhere.stderr).toMatch(/nowhere\.invalid has no address now, so only its name was tried/)
  expect(nowhere.status).toBe(0)
  await done(
    daemon,
    'rules add deny user:bob to *.example port 25; rules add deny to 192.0.2.0/24; rules add deny to any',
  )
  const tried = await done(daemon, 'rules test bob x.example:25')
  expect(tried).toMatch(/^request +deny +16 deny user:bob to \*\.example port 25 +18 deny to any$/m)
  const resolved = await done(daemon, 'rules test - x.example:80 --from 198.51.100.1 --resolve 192.0.2.9')
  expect(resolved).toMatch(/^in all +deny/m)
})

it('read lists beside the state folder, again on SIGHUP, and say where one is wrong', async () => {
  const daemon = await daemons()
  const list = join(daemon.folders.state, 'adult')
  await writeFile(list, '# one a line\n*.first.test\n', { mode: 0o600 })
  await done(daemon, 'rules add deny to @adult')
  await expectForbidden(daemon, 'a.first.test', 80)

  await writeFile(list, 'a.second.test\n10.0.0.1/8\n')
  daemon.signal('SIGHUP')
  await daemon.logs(/lists of the rules stay as they were: .*adult:2: .*write 10\.0\.0\.0\/8/)
  await expectForbidden(daemon, 'a.first.test', 80)
  await writeFile(list, 'a.second.test\n')
  daemon.signal('SIGHUP')
  await expect
    .poll(async () => (await exec(daemon, 'rules test - a.second.test:80 --resolve 192.0.2.1')).stdout)
    .toMatch(/^in all +deny/m)
  const missing = await exec(daemon, 'rules add deny to @nowhere')
  expect(missing.stderr).toMatch(/cannot read .*nowhere: there is no such file: make it first, or name another list/)
  await chmod(list, 0o666)
  expect((await exec(daemon, 'rules add deny to @adult port 25')).stderr).toMatch(/others can write to .*adult/)
})
