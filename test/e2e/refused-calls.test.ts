import { readFile } from 'node:fs/promises'
import { constants } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { bytes } from '../helpers/bytes.ts'
import { connectThrough } from '../helpers/connect-through.ts'
import { type Daemon, spawnDaemon, startDaemon } from '../helpers/daemon.ts'
import { mostTelling, mostTellingOf } from '../helpers/most-telling.ts'
import { operate } from '../helpers/operate.ts'
import { connectPeer } from '../helpers/peer.ts'
import { canRefuseCalls, refusing, refusingInUse } from '../helpers/refused-calls.ts'
import { expectRefusal, greeting, request } from '../helpers/socks-client.ts'
import { startTarget } from '../helpers/target.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'

const { EADDRNOTAVAIL, EPERM, ENOSYS, EINVAL } = constants.errno
/** More than one buffer of any engine. */
const bulk = 'x'.repeat(1024 * 1024)

async function engineOf(daemon: Daemon): Promise<string> {
  return (await (await operate(daemon)).call('status.get')).result.engine
}

/** Whether bulk comes through both ways. */
async function expectBulk(daemon: Daemon): Promise<void> {
  const target = await startTarget()
  const client = await connectThrough(daemon.port('socks'), target)
  const server = await target.next()
  for (const [from, to] of [
    [client, server],
    [server, client],
  ] as const) {
    from.write(bulk)
    expect(await to.readText(bulk.length)).toBe(bulk)
  }
}

describe.runIf(canRefuseCalls)('where a sandbox refuses calls,', () => {
  test.each(
    mostTellingOf<[number, string]>([
      [EPERM, 'splice'],
      [ENOSYS, 'splice'],
      [EINVAL, 'splice'],
    ]),
  )('with errno %i for %s, bulk is copied', async (error, call) => {
    const daemon = await startDaemon(['--engine', 'linux'], { within: refusing(error, call) })
    await expectBulk(daemon)
    await daemon.logs(/"warn".*refuses a call \(splice: E\w+\)/)
  })

  test.each(
    mostTellingOf<[number, string]>([
      [EPERM, 'recvmmsg'],
      [ENOSYS, 'recvmmsg'],
      [EPERM, 'sendmmsg'],
    ]),
  )('with errno %i for %s, auto serves with the portable engine and says why; linux refuses', async (error, call) => {
    const within = refusing(error, call)
    const daemon = await startDaemon([], { within })
    await daemon.logs(new RegExp(`"warn".*call is refused \\(${call}: E\\w+\\).*portable engine`))
    expect(await engineOf(daemon)).toBe('portable')
    await expectBulk(daemon)

    const refused = await spawnDaemon(['--engine', 'linux'], { within })
    expect(await refused.ended).toMatchObject({
      status: 1,
      stdout: '',
      stderr: expect.stringMatching(
        new RegExp(`^proxyd: .*refused \\(${call}: E\\w+\\); choose --engine portable\\n$`),
      ),
    })
  })

  test.each([
    ['rename', /cannot listen on the Unix socket \S+: the system does not allow it: .*--runtime-dir/],
    ['unlinkat', /cannot write \S+: the system does not allow it: .*--state-dir/],
    ['fsync', /cannot use \S+ \(disk I\/O error\): see to the disk that it lies on/],
  ])('such as %s, a start that cannot be says why in one line, and ends', async (call, why) => {
    const refused = await spawnDaemon(['--engine', 'portable'], { within: refusing(EPERM, call) })
    expect(await refused.ended).toMatchObject({
      status: 1,
      stdout: '',
      stderr: expect.stringMatching(new RegExp(`^proxyd: ${why.source}\n$`)),
    })
  })

  test.each(
    mostTellingOf<[string, string[]]>([
      ['getpeername', []],
      ['getpeername', ['--engine', 'portable', '--check']],
      ['getsockopt', ['--engine', 'portable']],
      ['shutdown', ['--engine', 'portable', '--check']],
    ]),
  )('and nobody could be served without %s, nothing starts nor passes a check (%s)', async (call, args) => {
    const [why, mend] = ['cannot work where a call is refused', 'have the sandbox that proxyd runs in allow it']
    const said = `proxyd: the portable engine ${why} (${call}); ${mend}\n`
    // Node writes to no socket without getsockopt, and what the tests read from is one.
    const file = join(await temporaryFolder(), 'stderr')
    const within = ['sh', '-c', `exec "$@" 2> ${file}`, 'sh', ...refusing(EPERM, call)]
    const { status } = await (await spawnDaemon(args, { within })).ended
    expect([status, (await readFile(file, 'utf8')).slice(-said.length)]).toEqual([1, said])
  })

  test('and clients cannot be taken in, their loop rests, and says so once', async () => {
    const daemon = await startDaemon(['--engine', 'linux', '--workers', '1'], {
      within: refusingInUse(EPERM, 'accept4'),
    })
    for (let i = 0; i < 3; i++) await connectPeer('127.0.0.1', daemon.port('socks'))
    await daemon.logs(/"warn".*new clients cannot be accepted \(EPERM\), and wait/)
    const { stderr } = await daemon.stop()
    expect(stderr.match(/cannot be accepted/g)).toHaveLength(1)
  })

  test.each(mostTelling)('or no port is left towards a target, which the %s engine says once', async (engine) => {
    const daemon = await startDaemon(['--engine', engine], { within: refusingInUse(EADDRNOTAVAIL, 'connect') })
    for (const host of ['::1', '127.0.0.1', '::1']) {
      const client = await connectPeer('127.0.0.1', daemon.port('socks'))
      client.write(bytes(greeting, request(host, 80)))
      expect(await client.readHex(2)).toBe('0500')
      await expectRefusal(client, '01')
      await daemon.logs(/"warn".*all ports of this machine towards their target are taken/)
    }
    expect((await daemon.stop()).stderr.match(/are taken/g)).toHaveLength(1)
  })

  test('but where it refuses none of ours, nothing is said of it', async () => {
    const daemon = await startDaemon([])
    expect(await engineOf(daemon)).toBe('linux')
    expect((await daemon.stop()).stderr).not.toContain('refuses a call')
  })
})
