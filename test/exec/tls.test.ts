import { join } from 'node:path'
import { expect, test } from 'vitest'
import { writeIdentity } from '../control/tls-client.ts'
import { makeCertificate } from '../helpers/certificate.ts'
import { startDaemon } from '../helpers/daemon.ts'
import { addOperator } from '../helpers/operators.ts'
import { program, proxyTui } from '../helpers/proxy-tui.ts'
import { openTerminal } from '../helpers/terminal.ts'

/** A daemon whose certificate is for proxy.example and who demands one of its clients, and how `eve` gets in. */
async function startStrict() {
  const authority = makeCertificate('authority', { isAuthority: true })
  const server = await writeIdentity(makeCertificate('proxy.example'))
  const client = await writeIdentity(makeCertificate('client', { issuer: { ...authority, name: 'authority' } }))
  const trusted = await writeIdentity(authority)
  const tls = ['--control-tls-addr', '127.0.0.1', '--control-tls-port', '0']
  const files = ['--control-tls-cert', server.cert, '--control-tls-key', server.key]
  const daemon = await startDaemon([...tls, ...files, '--control-tls-client-ca', trusted.cert])
  const password = await addOperator(daemon, 'eve', 'viewer')
  const port = daemon.listening('control').flatMap((at) => at.match(/^tls:.*:(\d+)$/)?.[1] ?? [])
  const where = ['--port', ...port, '--tls', '--ca', server.cert, '--operator', 'eve', '--password-file', password]
  const name = ['--tls-name', 'proxy.example']
  return { where, name, certificate: ['--cert', client.cert, '--key', client.key] }
}

test('a certificate of ours, and the name of the one that the daemon shows, let us in', async () => {
  const { where, name, certificate } = await startStrict()
  const whoami = (...args: string[]) => proxyTui(...where, ...args, '--exec', 'whoami')
  expect(await whoami(...name, ...certificate)).toEqual({ status: 0, stdout: 'eve, viewer, via tls\n', stderr: '' })
  expect(await whoami(...certificate)).toMatchObject({
    status: 3,
    stderr: expect.stringMatching(/not for 127\.0\.0\.1.*--tls-name/),
  })
  expect(await whoami(...name)).toMatchObject({
    status: 3,
    stderr: expect.stringMatching(/--cert FILE and --key FILE/),
  })
  const other = await writeIdentity(makeCertificate('client'))
  const strange = await whoami(...name, '--cert', other.cert, '--key', other.key)
  expect(strange).toMatchObject({ status: 3, stdout: '', stderr: expect.stringMatching(/^proxy-tui: [^\n]+\n$/) })
  const missing = await whoami(...name, '--cert', join(other.cert, 'none'), '--key', other.key)
  expect(missing).toMatchObject({ status: 2, stderr: expect.stringContaining('cannot read') })
  const endless = await whoami(...name, '--cert', '/dev/zero', '--key', other.key)
  expect(endless).toMatchObject({ status: 2, stderr: expect.stringContaining('/dev/zero has more than 1048576 bytes') })
})

test('the terminal app shows its certificate, too', async () => {
  const { where, name, certificate } = await startStrict()
  await using app = openTerminal(process.execPath, [program, ...where, ...name, ...certificate])
  await app.shows(/^ proxyd \d.* viewer, eve at 127\.0\.0\.1:\d+$/m)
})
