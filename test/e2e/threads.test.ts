import { expect, test } from 'vitest'
import { asNobody, canBeNobody, foldersOfNobody } from '../helpers/as-nobody.ts'
import { bytes } from '../helpers/bytes.ts'
import { inControlGroup } from '../helpers/control-group.ts'
import { type Daemon, spawnDaemon, startDaemon } from '../helpers/daemon.ts'
import { mostTelling } from '../helpers/most-telling.ts'
import { connectPeer } from '../helpers/peer.ts'
import { expectReply, greetingForLogin, login, request, succeeded } from '../helpers/socks-client.ts'
import { startTarget } from '../helpers/target.ts'

/** Logs in, which checks a password, and reaches a name of the system's. */
async function connectByName(daemon: Daemon): Promise<void> {
  const target = await startTarget()
  const client = await connectPeer('127.0.0.1', daemon.port('socks'))
  // An address as inet_aton(3) reads it: the system needs no server for it.
  client.write(bytes(greetingForLogin, login('bob', 'secret'), request('127.1', target.port)))
  expect(await client.readHex(4)).toBe('05020100')
  await expectReply(client, succeeded)
  client.reset()
}

test.each(mostTelling)('the %s engine does with the threads of its control group', async (engine) => {
  const within = inControlGroup(100)
  if (!within) return console.warn('SKIPPED: a test of limited threads, for no control group can be made here')
  const daemon = await startDaemon(['--engine', engine, '-u', 'bob:secret'], { within })
  await connectByName(daemon)
  const { status, stderr } = await daemon.stop()
  expect(status).toBe(0)
  expect(stderr).toMatch(/threads are limited here: names and passwords get \d+ in place of 256/)
})

if (canBeNobody()) {
  test.each(mostTelling)('the %s engine does with the threads that there are, and says so', async (engine) => {
    const args = ['--engine', engine, '-u', 'bob:secret']
    const daemon = await startDaemon(args, { within: asNobody(100), folders: await foldersOfNobody() })
    await connectByName(daemon)
    const { status, stderr } = await daemon.stop()
    expect(status).toBe(0)
    expect(stderr).toMatch(/threads are limited here: names and passwords get \d+ in place of 256/)
  })

  test('the linux engine has fewer loops where there is no room for as many as were asked for', async () => {
    const args = ['--engine', 'linux', '--workers', '64', '-u', 'bob:secret']
    const daemon = await startDaemon(args, { within: asNobody(60), folders: await foldersOfNobody() })
    await connectByName(daemon)
    expect(daemon.stderr).toMatch(/threads are limited here: \d+ loops in place of 64/)
    await daemon.stop()
  })

  test('where there is room for next to none, proxyd does not start, and says what to do', async () => {
    const daemon = await spawnDaemon([], { within: asNobody(14), folders: await foldersOfNobody() })
    const ending = await daemon.ended
    expect(ending).toMatchObject({ status: 1, signal: null, stdout: '' })
    expect(ending.stderr).toMatch(/^proxyd: this process has room for \d more threads.*raise the limit[^\n]*\n$/)
  })
} else {
  console.warn('SKIPPED: tests of limited threads, for nobody cannot run the built program here')
}
