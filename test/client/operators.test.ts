import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { createServer } from 'node:tls'
import { expect, it, onTestFinished, vi } from 'vitest'
import { type ConnectionError, connect, followDaemon, type TlsTarget } from '../../tui/client/index.ts'
import { exitStatus, failureOf, withMend } from '../../tui/exec/failure.ts'
import { startTlsControl, writeIdentity } from '../control/tls-client.ts'
import { type Identity, makeCertificate } from '../helpers/certificate.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'
import { startImpostor } from './impostor.ts'
import { openClient, unixTarget } from './open-client.ts'
import { reaches } from './reaches.ts'

const secret = 'a password'
const bob = { operator: 'bob', password: secret } as const

/** A management server with a TLS port too, where bob may look. */
async function startWithBob(options: Parameters<typeof startTlsControl>[0] = {}, clientCa?: string) {
  const control = await startTlsControl({ limits: { loginFailureDelay: 1 }, ...options }, clientCa)
  const admin = await openClient(unixTarget(control))
  await admin.call('operators.add', { name: 'bob', role: 'viewer', password: secret })
  const tcp = { kind: 'tcp', host: '127.0.0.1', port: control.port, ...bob } as const
  const tls: TlsTarget = { kind: 'tls', host: '127.0.0.1', port: control.tlsPort, ca: { pem: control.ca }, ...bob }
  return { ...control, admin, tcp, tls }
}

/** A server with TLS and this certificate, whatever its dates; it ends with the test. */
async function startTlsServer({ cert, key }: Identity) {
  const server = createServer({ cert, key }).on('tlsClientError', () => {})
  await once(server.listen(0, '127.0.0.1'), 'listening')
  onTestFinished(() => void server.close())
  return { kind: 'tls', host: '127.0.0.1', port: (server.address() as AddressInfo).port } as const
}

it.each(['tcp', 'tls'] as const)('logs a named operator in by %s', async (via) => {
  const daemon = await startWithBob()
  const client = await openClient(daemon[via])
  expect(client.role).toBe('viewer')
  expect(await client.call('session.whoami', {})).toEqual({ name: 'bob', role: 'viewer', via })
})

it('takes no place among those who log in while it asks for the password', async () => {
  const { tls } = await startWithBob({ limits: { clientsBeforeLogin: 1 } })
  const password = async () => {
    const other = () => connect(tls).then((client) => client.close())
    await expect.poll(() => other().catch(({ code }) => code)).toBeUndefined()
    return secret
  }
  expect((await openClient({ ...tls, password })).role).toBe('viewer')
})

it('does not ask where there is no daemon that could be trusted', async () => {
  const { tls } = await startWithBob()
  const password = () => expect.unreachable()
  await expect(connect({ ...tls, password, ca: undefined })).rejects.toMatchObject({ code: 'tls_untrusted' })
  const other = await startImpostor((socket) => void socket.write('220 mail.example.net ESMTP\r\n'))
  await expect(connect({ ...tls, ...other, kind: 'tcp', password } as never)).rejects.toMatchObject({
    code: 'not_proxyd',
  })
})

it('tells a password that was not given from a wrong one', async () => {
  const { tls } = await startWithBob()
  const password = () => Promise.reject(new Error('nobody is here'))
  const none = connect({ ...tls, password })
  await expect(none).rejects.toMatchObject({
    kind: 'login',
    code: 'no_password',
    message: 'no password: nobody is here',
  })
  await expect(connect({ ...tls, password: 'wrong password' })).rejects.toMatchObject({
    kind: 'login',
    code: 'password',
    message: 'there is no operator "bob", or the password is wrong',
  })
  await expect(connect({ ...tls, operator: 'eve' })).rejects.toMatchObject({ code: 'password' })
})

it('gives up while a password is asked for', async () => {
  const { tls } = await startWithBob()
  const giveUp = new AbortController()
  const password = () => {
    giveUp.abort()
    return new Promise<string>(() => {})
  }
  await expect(connect({ ...tls, password }, { signal: giveUp.signal })).rejects.toMatchObject({ code: 'closed' })
})

it('tells that too many logins have failed', async () => {
  const { tls } = await startWithBob({ limits: { loginFailureDelay: 1, loginFailures: 1 } })
  await expect(connect({ ...tls, password: 'wrong password' })).rejects.toMatchObject({ code: 'password' })
  const refusal = await connect(tls).catch((error) => error)
  expect(refusal).toMatchObject({ kind: 'login', code: 'rate_limited' })
  expect(withMend(refusal)).toBe('too many failed logins; wait a minute')
  // Unlike after a refusal, to come back is no guess; but not before the daemon judges again.
  const link = followDaemon(tls)
  onTestFinished(() => link.stop())
  const { reason, retryAt } = await reaches(link, 'offline')
  expect(reason.code).toBe('rate_limited')
  expect(retryAt).toBeGreaterThan(Date.now() + 50_000)
})

it('tells what is wrong with a certificate, before a byte of the login', async () => {
  const { tls, log } = await startWithBob()
  const place = `127.0.0.1:${tls.port}`
  vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0')
  onTestFinished(() => void vi.unstubAllEnvs())
  await expect(connect({ ...tls, ca: undefined })).rejects.toMatchObject({
    kind: 'tls',
    code: 'tls_untrusted',
    message: `the certificate of ${place} is self-signed; give it as ca if it is the right one`,
  })
  await expect(connect({ ...tls, ca: { pem: makeCertificate('127.0.0.1').cert } })).rejects.toMatchObject({
    code: 'tls_untrusted',
  })
  await expect(connect({ ...tls, servername: 'other.test' })).rejects.toMatchObject({
    code: 'tls_wrong_name',
    message: expect.stringContaining(`the certificate of ${place} is not for other.test; `),
  })
  await expect(connect({ ...tls, host: 'localhost' })).rejects.toMatchObject({ code: 'tls_wrong_name' })
  expect((await openClient({ ...tls, host: 'localhost', servername: '127.0.0.1' })).role).toBe('viewer')
  expect(log.filter((line) => line.includes('login')).filter((line) => line.includes('failed'))).toEqual([])
})

it('tells a certificate that is not valid any longer, or not yet', async () => {
  const day = 86_400_000
  for (const dates of [{ until: Date.now() - day, from: Date.now() - 2 * day }, { from: Date.now() + day }]) {
    const identity = makeCertificate('127.0.0.1', dates)
    const server = await startTlsServer(identity)
    await expect(connect({ ...server, ...bob, ca: { pem: identity.cert } })).rejects.toMatchObject({
      code: 'tls_expired',
    })
  }
})

it('trusts what an authority has signed, from a file', async () => {
  const authority = makeCertificate('Authority', { isAuthority: true })
  const signed = makeCertificate('127.0.0.1', { issuer: { ...authority, name: 'Authority' } })
  const files = await writeIdentity(signed)
  const { admin, ...control } = await startWithBob({
    tls: { listen: [{ address: '127.0.0.1', port: 0 }], ...files, clientCa: '' },
  })
  const target = { ...control.tls, port: control.server.listeningTls[0]?.port ?? 0 }
  const file = join(await temporaryFolder(), 'ca.pem')
  writeFileSync(file, authority.cert)
  expect((await openClient({ ...target, ca: { file } })).role).toBe('viewer')
  await expect(connect({ ...target, ca: undefined })).rejects.toMatchObject({ code: 'tls_untrusted' })
  await expect(connect({ ...target, ca: { file: `${file}.not` } })).rejects.toMatchObject({
    code: 'tls_file',
    message: `cannot read ${file}.not: no such file or directory`,
  })
  const link = followDaemon({ ...target, ca: { file: `${file}.not` } })
  onTestFinished(() => link.stop())
  expect((await reaches(link, 'refused')).reason.kind).toBe('call')
  await expect(connect({ ...target, ca: { file: files.key } })).rejects.toMatchObject({
    code: 'tls_file',
    message: `there is no certificate in ${files.key}; give the PEM file of one as ca`,
  })
  const other = await writeIdentity(authority)
  const mismatch = { cert: { file: files.cert }, key: { file: other.key } }
  const refusal: ConnectionError = await connect({ ...target, ...mismatch }).catch((error) => error)
  expect(refusal.message).toBe(`the key in ${other.key} is not that of the certificate in ${files.cert}`)
  expect(failureOf(refusal).status).toBe(exitStatus.usage)
  await expect(connect({ ...target, cert: { pem: 'nonsense' } })).rejects.toMatchObject({ code: 'tls_file' })
})

it('shows a client certificate where one is demanded, and says so where it has none', async () => {
  const ours = makeCertificate('client', { isAuthority: true })
  const { cert: clientCa } = await writeIdentity(ours)
  const { tls } = await startWithBob({}, clientCa)
  await expect(connect(tls)).rejects.toMatchObject({ kind: 'tls', code: 'tls_client_certificate' })
  const strange = makeCertificate('client')
  await expect(connect({ ...tls, cert: { pem: strange.cert }, key: { pem: strange.key } })).rejects.toMatchObject({
    code: 'tls_client_certificate',
  })
  expect((await openClient({ ...tls, cert: { pem: ours.cert }, key: { pem: ours.key } })).role).toBe('viewer')
})

it('tells TLS on a plain port from plain text on a port with TLS', async () => {
  const { tls, tcp, cookieFile } = await startWithBob()
  await expect(connect({ ...tls, port: tcp.port })).rejects.toMatchObject({
    kind: 'tls',
    code: 'tls_missing',
    message: expect.stringContaining(`127.0.0.1:${tcp.port} does not speak TLS`),
  })
  for (const login of [bob, { cookieFile }]) {
    await expect(connect({ kind: 'tcp', host: '127.0.0.1', port: tls.port, ...login })).rejects.toMatchObject({
      kind: 'tls',
      code: 'tls_needed',
      message: `127.0.0.1:${tls.port} speaks TLS; connect to it with TLS`,
    })
  }
})

it('asks for a password once, however often the connection is lost, and again after it was refused', async () => {
  const { tls, admin } = await startWithBob()
  let asked = 0
  const answers = ['wrong password', secret]
  const password = async () => answers[asked++] ?? expect.unreachable()
  const link = followDaemon({ ...tls, password })
  onTestFinished(() => link.stop())
  expect(await reaches(link, 'refused')).toMatchObject({ reason: { code: 'password' } })
  link.retry()
  const { client } = await reaches(link, 'online')
  await admin.call('operators.setRole', { name: 'bob', role: 'operator' })
  await client.closed
  await reaches(link, 'offline')
  link.retry()
  expect((await reaches(link, 'online')).client.role).toBe('operator')
  expect(asked).toBe(2)
})
