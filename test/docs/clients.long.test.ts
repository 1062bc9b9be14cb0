import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { makeCertificate } from '../helpers/certificate.ts'
import { type Daemon, sharedDaemon } from '../helpers/daemon.ts'
import { addOperator, startTlsDaemon } from '../helpers/operators.ts'
import { findProgram, type Outcome, run } from '../helpers/programs.ts'
import { shared } from '../helpers/shared.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'

/** The clients that PROTOCOL.md shows, on a real daemon. */

const python = findProgram('python3')
const [sh, nc, openssl] = [findProgram('sh'), findProgram('nc'), findProgram('openssl')]

const file = (name: string) => fileURLToPath(new URL(name, import.meta.url))

const daemons = sharedDaemon()
/** It has no users. */
const tlsDaemons = shared((atEnd) => startTlsDaemon([], atEnd))

const cookieOf = ({ folders }: Daemon) => join(folders.runtime, 'cookie')
const socketOf = ({ folders }: Daemon) => join(folders.runtime, 'proxyd.sock')

describe.skipIf(!python)('the client in Python', () => {
  const client = (args: readonly string[], input = '') => run(python ?? '', [file('client.py'), ...args], { input })
  const samples = /^(sample: \d+, 0 live, 0 bytes down\n){3}$/m

  test('gets in with the cookie, adds a user once, and hears of the metrics', async () => {
    const daemon = await daemons()
    const where = ['tcp', '127.0.0.1', `${daemon.port('control')}`, cookieOf(daemon)]
    const first = await client(where)
    expect(first).toMatchObject({ status: 0, stderr: '' })
    expect(first.stdout).toMatch(/^logged in: local is admin by tcp\nadded: bob, whose password is \S{22}\n/)
    expect(first.stdout).toMatch(samples)
    expect((await client(where)).stdout).toContain('refused: exists\n')
  })

  test('gets in by the Unix socket', async () => {
    const { status, stdout } = await client(['unix', socketOf(await daemons())])
    expect({ status, stdout }).toEqual({ status: 0, stdout: expect.stringContaining('local is admin by unix') })
  })

  test('gets in by TLS as a named operator, whose role counts', async () => {
    const { daemon, tlsPort, ca } = await tlsDaemons()
    const password = await readFile(await addOperator(daemon, 'ann', 'viewer'), 'utf8')
    const { status, stdout } = await client(['tls', '127.0.0.1', `${tlsPort}`, ca, 'ann'], password)
    expect({ status, stdout }).toEqual({ status: 0, stdout: expect.stringMatching(samples) })
    expect(stdout).toContain('logged in: ann is viewer by tls\nrefused: forbidden\n')
  })

  test('is not let in with another cookie', async () => {
    const [daemon, other] = [await daemons(), (await tlsDaemons()).daemon]
    const outcome = await client(['tcp', '127.0.0.1', `${daemon.port('control')}`, cookieOf(other)])
    expect(outcome).toEqual({ status: 1, stdout: '', stderr: 'client.py: the login failed\n' })
  })

  test('tells how it is called', async () => {
    const wrong: readonly string[][] = [[], ['tcp', '127.0.0.1'], ['udp', '127.0.0.1', '1', '2']]
    for (const args of wrong) {
      expect(await client(args)).toMatchObject({ status: 2, stderr: expect.stringContaining('client.py unix PATH') })
    }
  })
})

describe.skipIf(!sh || !nc || !openssl)('by hand, with nc and openssl', () => {
  const byHand = (args: readonly string[], input = '') => run(sh ?? '', [file('by-hand.sh'), ...args], { input })
  const messages = ({ stdout }: Outcome) =>
    stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))

  test('by the Unix socket', async () => {
    const outcome = await byHand(['unix', socketOf((await tlsDaemons()).daemon)])
    expect(outcome.status).toBe(0)
    expect(messages(outcome)).toEqual([
      expect.objectContaining({ method: 'hello' }),
      { jsonrpc: '2.0', id: 1, result: { protocol: [1, 0] } },
      { jsonrpc: '2.0', id: 2, result: { name: 'local', role: 'admin', via: 'unix' } },
      { jsonrpc: '2.0', id: 3, result: { users: [] } },
    ])
  })

  test('with the cookie', async () => {
    const daemon = await daemons()
    const outcome = await byHand(['tcp', '127.0.0.1', `${daemon.port('control')}`, cookieOf(daemon)])
    expect(outcome).toMatchObject({ status: 0, stderr: '' })
    expect(messages(outcome)[4]?.result).toEqual({ name: 'local', role: 'admin', via: 'tcp' })
    expect(messages(outcome)[5]?.result.pid).toBe(daemon.pid)
  })

  test('through TLS, as a named operator with the right password only', async () => {
    const { daemon, tlsPort, ca } = await tlsDaemons()
    const password = await readFile(await addOperator(daemon, 'bea', 'viewer'), 'utf8')
    const where = ['tls', '127.0.0.1', `${tlsPort}`, ca, 'bea']
    const outcome = await byHand(where, password)
    expect(outcome.status).toBe(0)
    expect(messages(outcome)[4]?.result).toEqual({ name: 'bea', role: 'viewer', via: 'tls' })
    const refused = await byHand(where, 'not the password\n')
    expect(refused.status).toBe(1)
    expect(messages(refused).at(-1)?.error.data).toEqual({ kind: 'auth_failed' })
  })

  test('a daemon whose certificate is of somebody else is not spoken to', async () => {
    const { tlsPort } = await tlsDaemons()
    const other = join(await temporaryFolder(), 'other.pem')
    await writeFile(other, makeCertificate('127.0.0.1').cert)
    const outcome = await byHand(['tls', '127.0.0.1', `${tlsPort}`, other, 'ann'], 'a password')
    expect(outcome).toMatchObject({
      status: 1,
      stdout: '',
      stderr: expect.stringContaining('certificate verify failed'),
    })
  })

  test('not without saying how', async () => {
    for (const args of [[], ['unix'], ['udp', '127.0.0.1', '1', '2']]) {
      expect(await byHand(args)).toMatchObject({ status: 2, stderr: expect.stringContaining('by-hand.sh unix PATH') })
    }
  })
})
