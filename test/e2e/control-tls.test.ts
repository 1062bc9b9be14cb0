import { once } from 'node:events'
import { chmodSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { unixSocketName } from '../../shared/protocol/limits.ts'
import { greeted, logIn, type RawClient, started } from '../control/raw-client.ts'
import { connectedByTls, strangerByTls, type TlsControl, writeIdentity } from '../control/tls-client.ts'
import { makeCertificate } from '../helpers/certificate.ts'
import { type Daemon, type DaemonOptions, spawnDaemon, startDaemon, temporaryFolders } from '../helpers/daemon.ts'
import { endForSure } from '../helpers/upgradable.ts'

const password = 'a password'

type Files = TlsControl['files']

function flags({ cert, key }: Files, port = 0): string[] {
  const where = ['--control-tls-addr', '127.0.0.1', '--control-tls-port', `${port}`]
  return [...where, '--control-tls-cert', cert, '--control-tls-key', key]
}

/** A daemon that serves management with TLS, and the port of that. */
async function startTls(files: Files, options?: DaemonOptions): Promise<{ daemon: Daemon; tlsPort: number }> {
  const daemon = await startDaemon(flags(files), options)
  const address = daemon.listening('control').find((at) => at.startsWith('tls:'))
  expect(address).toMatch(/^tls:127\.0\.0\.1:\d+$/)
  return { daemon, tlsPort: Number(address?.split(':').at(-1)) }
}

/** An admin, by the Unix socket. */
async function admin({ folders }: Daemon): Promise<RawClient> {
  const client = await greeted({ path: join(folders.runtime, unixSocketName) })
  await started(client)
  return client
}

test('a named operator manages the daemon through TLS, also after a restart and an upgrade', async () => {
  const identity = makeCertificate('127.0.0.1')
  const files = await writeIdentity(identity)
  const folders = await temporaryFolders()
  const first = await startTls(files, { folders })
  const local = await admin(first.daemon)
  await local.call('operators.add', { name: 'ann', role: 'viewer', password })
  const { listening } = (await local.call('status.get')).result
  expect(listening).toContainEqual({ service: 'control', address: `tls:127.0.0.1:${first.tlsPort}` })
  expect((await first.daemon.stop()).status).toBe(0)

  const { daemon, tlsPort } = await startTls(files, { folders })
  const enter = async (more = {}) => {
    const client = await strangerByTls({ tlsPort, ca: identity.cert })
    expect((await logIn(client, password, 'ann')).result.role).toBe('viewer')
    const whoami = (await client.call('session.whoami')).result
    expect(whoami).toEqual({ name: 'ann', role: 'viewer', via: 'tls', ...more })
    return client
  }
  const client = await enter()
  const { result } = await (await admin(daemon)).call('daemon.upgrade')
  onTestFinished(() => endForSure(result.pid))
  expect(result).toMatchObject({ generation: 2 })
  expect(await client.next()).toMatchObject({ method: 'goodbye' })
  await enter({ generation: 2 })
  await (await admin(daemon)).call('daemon.shutdown')
  await daemon.ended
})

test('SIGHUP brings in a new certificate, and keeps the old one if the new is no good; a reload warns of one that is out of date', async () => {
  const [old, renewed] = [makeCertificate('127.0.0.1'), makeCertificate('127.0.0.1')]
  const files = await writeIdentity(old)
  const { daemon, tlsPort } = await startTls(files)
  const before = await strangerByTls({ tlsPort, ca: old.cert })

  await writeIdentity(renewed, files)
  daemon.signal('SIGHUP')
  await daemon.logs(/certificate and key are read again/)
  await connectedByTls({ tlsPort, ca: renewed.cert })
  await expect(connectedByTls({ tlsPort, ca: old.cert })).rejects.toThrow(/certificate/)

  chmodSync(files.key, 0o644)
  daemon.signal('SIGHUP')
  await daemon.logs(/certificate and key stay as they were: .*chmod 600/)
  await connectedByTls({ tlsPort, ca: renewed.cert })
  expect((await before.call('auth.begin')).error?.data.kind).toBe('invalid_params')

  chmodSync(files.key, 0o600)
  await writeIdentity(makeCertificate('127.0.0.1', { from: Date.UTC(2020, 0), until: Date.UTC(2021, 0) }), files)
  const { warnings, problems } = (await (await admin(daemon)).call('daemon.reload')).result
  expect(warnings).toEqual([expect.stringMatching(/ is good from 2020-.* to 2021-.* only: clients will refuse it$/)])
  expect(problems).toEqual([])
})

test('clients that refuse the certificate keep nobody out', async () => {
  const identity = makeCertificate('127.0.0.1')
  const { daemon, tlsPort } = await startTls(await writeIdentity(identity))
  await (await admin(daemon)).call('operators.add', { name: 'ann', role: 'viewer', password })
  for (let i = 0; i < 9; i++) {
    const refusal = connectedByTls({ tlsPort, ca: makeCertificate('another').cert })
    await expect(refusal).rejects.toThrow('self-signed certificate')
  }
  const client = await strangerByTls({ tlsPort, ca: identity.cert })
  expect((await logIn(client, password, 'ann')).result.role).toBe('viewer')
})

describe('a start that is refused names the mend:', () => {
  async function refusal(args: readonly string[]): Promise<{ status: number | null; stderr: string }> {
    const { status, stderr } = await (await spawnDaemon(args)).ended
    const line = stderr.split('\n').find((each) => each.startsWith('proxyd: ')) ?? stderr
    return { status, stderr: line }
  }

  test('an address without a certificate', async () => {
    expect(await refusal(['--control-tls-addr', '127.0.0.1'])).toEqual({
      status: 2,
      stderr: expect.stringContaining('needs control-tls-cert'),
    })
  })

  test('a key that others may read', async () => {
    const files = await writeIdentity(makeCertificate('127.0.0.1'))
    chmodSync(files.key, 0o604)
    expect(await refusal(flags(files))).toEqual({
      status: 2,
      stderr: expect.stringContaining(`chmod 600 ${files.key}`),
    })
  })

  test('a key that is none', async () => {
    const files = await writeIdentity(makeCertificate('127.0.0.1'))
    writeFileSync(files.key, 'none')
    expect(await refusal(flags(files))).toEqual({ status: 2, stderr: expect.stringContaining('no sound private key') })
  })

  test('a port that is taken', async () => {
    const server = createServer()
    await once(server.listen({ host: '127.0.0.1', port: 0 }), 'listening')
    onTestFinished(() => void server.close())
    const { port } = server.address() as { port: number }
    const args = flags(await writeIdentity(makeCertificate('127.0.0.1')), port)
    expect(await refusal(args)).toEqual({ status: 1, stderr: expect.stringContaining('--control-tls-port') })
  })

  test('another address without TLS', async () => {
    expect(await refusal(['-L', '0.0.0.0'])).toEqual({ status: 2, stderr: expect.stringContaining('control-tls-addr') })
  })

  test('a group that is not there', async () => {
    const args = ['--control-socket-mode', '0660', '--control-socket-group', 'no such group']
    expect(await refusal(args)).toEqual({ status: 2, stderr: expect.stringContaining('control-socket-group') })
  })
})
