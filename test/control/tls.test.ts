import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { chmodSync, writeFileSync } from 'node:fs'
import { createConnection, type Socket } from 'node:net'
import { join } from 'node:path'
import { connect } from 'node:tls'
import { describe, expect, it, onTestFinished } from 'vitest'
import { cookieUser } from '../../shared/protocol/limits.ts'
import { makeCertificate } from '../helpers/certificate.ts'
import { eventually } from '../helpers/eventually.ts'
import { stopClock } from '../helpers/stopped-clock.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'
import { cookieOf, entered, greeted, logIn } from './raw-client.ts'
import { startControl } from './start-control.ts'
import { connectedByTls, startTlsControl, strangerByTls, type TlsControl, writeIdentity } from './tls-client.ts'

const lockedKey = generateKeyPairSync('ec', {
  namedCurve: 'P-256',
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'secret' },
}).privateKey

/** A way to a TLS socket without TLS; it reads until the daemon has had enough of it. */
async function plain({
  tlsPort,
}: TlsControl): Promise<{ socket: Socket; closed: Promise<unknown>; text: () => string }> {
  const socket = createConnection({ host: '127.0.0.1', port: tlsPort })
  onTestFinished(() => void socket.destroy())
  let text = ''
  socket.on('error', () => {}).on('data', (chunk) => (text += chunk.toString('latin1')))
  await once(socket, 'connect')
  return { socket, closed: new Promise((resolve) => socket.once('close', resolve)), text: () => text }
}

describe('a TLS socket', () => {
  it('greets, and lets named operators in', async () => {
    const control = await startTlsControl()
    await control.backend.operators.add({ name: 'ann', role: 'operator', password: 'a password' })
    const client = await strangerByTls(control)
    expect((await logIn(client, 'a password', 'ann')).result.role).toBe('operator')
    expect((await client.call('session.whoami')).result).toEqual({ name: 'ann', role: 'operator', via: 'tls' })
  })

  it('knows the cookie no better than an unknown name', async () => {
    const control = await startTlsControl({ limits: { loginFailureDelay: 1 } })
    const attempt = async (name: string, secret: string) => {
      const client = await strangerByTls(control)
      const refusal = await logIn(client, secret, name)
      expect(await client.next()).toBeUndefined()
      return refusal.error
    }
    const refusal = await attempt(cookieUser, cookieOf(control))
    expect(refusal?.data.kind).toBe('auth_failed')
    expect(await attempt('nobody', 'a password')).toEqual(refusal)
  })

  it.each(['TLSv1.2', 'TLSv1.3'] as const)('speaks %s', async (version) => {
    const client = await connectedByTls(await startTlsControl(), { minVersion: version, maxVersion: version })
    expect((await client.next())?.method).toBe('hello')
  })

  it('speaks nothing older', async () => {
    const control = await startTlsControl()
    const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const
    await expect(connectedByTls(control, old)).rejects.toMatchObject({ code: 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION' })
  })

  it('serves all addresses of both families on one port', async () => {
    const files = await writeIdentity(makeCertificate('127.0.0.1'))
    const listen = [
      { address: '0.0.0.0', port: 0 },
      { address: '::', port: 0 },
    ]
    const control = await startTlsControl({ tls: { listen, ...files, clientCa: '' } })
    expect(control.server.listeningTls).toEqual(listen.map(({ address }) => ({ address, port: control.tlsPort })))
    for (const host of ['127.0.0.1', '::1']) {
      const client = await connectedByTls(control, { host, rejectUnauthorized: false })
      expect((await client.next())?.method).toBe('hello')
    }
  })

  it('answers a client that has finished sending, and both part without a reset', async () => {
    const client = await strangerByTls(await startTlsControl())
    client.request('session.whoami')
    client.socket.end()
    expect(await client.rest()).toMatchObject([{ error: { data: { kind: 'auth_required' } } }])
    expect(await client.closed).toBe(false)
  })

  it('lets go of a client that does not read, and has its place back', async () => {
    const control = await startTlsControl({ limits: { clients: 1, clientsKept: 0, stall: 200 } })
    await control.backend.operators.add({ name: 'ann', role: 'admin', password: 'a password' })
    const enter = async () => {
      const client = await strangerByTls(control)
      return { client, role: (await logIn(client, 'a password', 'ann')).result?.role }
    }
    const { client: stuck } = await enter()
    expect((await enter()).role).toBeUndefined()
    stuck.socket.pause()
    for (let i = 0; i < 1000; i++) stuck.request('rpc.describe')
    await expect.poll(() => control.log.at(-1)).toBe('management client from 127.0.0.1 reads too slowly; let go')
    await expect.poll(() => enter().then(({ role }) => role)).toBe('admin')
  })

  it('says goodbye when the daemon ends, and lets go of those in a handshake', async () => {
    const control = await startTlsControl()
    const [client, silent] = [await strangerByTls(control), await plain(control)]
    const closing = control.server.close()
    expect(await client.rest()).toMatchObject([{ method: 'goodbye' }])
    client.socket.end()
    await Promise.all([closing, silent.closed])
  })

  it('has nothing to say to a client without TLS, nor a plain socket to one with it', async () => {
    const control = await startTlsControl()
    const stranger = await plain(control)
    stranger.socket.write('GET / HTTP/1.1\r\n\r\n')
    await stranger.closed
    expect(stranger.text()).not.toContain('jsonrpc')
    const eager = connect({ host: '127.0.0.1', port: control.port, ca: control.ca })
    onTestFinished(() => void eager.destroy())
    await expect(once(eager, 'secureConnect')).rejects.toThrow()
    await strangerByTls(control)
    await greeted({ host: '127.0.0.1', port: control.port })
  })
})

describe('a handshake', () => {
  it('takes the place of a stranger with TLS, and of nobody else', async () => {
    const control = await startTlsControl({ limits: { clientsBeforeLogin: 1, loginTime: 60_000 } })
    const other = await greeted({ host: '127.0.0.1', port: control.port })
    const silent = await plain(control)
    await strangerByTls(control)
    await silent.closed
    await entered(control)
    expect((await other.call('session.start', { protocol: [1, 0], client: 'test' })).result).toBeDefined()
  })

  it('has a deadline, which no drip of bytes puts off', async () => {
    const control = await startTlsControl({ limits: { loginTime: 300 } })
    const [silent, slow] = [await plain(control), await plain(control)]
    const drip = setInterval(() => slow.socket.write(Buffer.from([0x16])), 20)
    onTestFinished(() => clearInterval(drip))
    slow.socket.write(Buffer.from([0x16, 3, 1, 0x40, 0]))
    await Promise.all([silent.closed, slow.closed])
  })

  it('gives its place back when it fails or is broken off: nobody else loses theirs', async () => {
    const control = await startTlsControl({ limits: { clientsBeforeLogin: 2, loginTime: 60_000 } })
    // Who would go first if there were no room.
    const waiting = await plain(control)
    let isWaiting = true
    waiting.closed.then(() => {
      isWaiting = false
    })
    const breakOff: ((client: typeof waiting) => void)[] = [
      ({ socket }) => void socket.write('no handshake at all'),
      ({ socket }) => void socket.resetAndDestroy(),
      ({ socket }) => void socket.end(Buffer.from([0x16, 3, 1, 0x40, 0])),
    ]
    for (const how of [...breakOff, ...breakOff]) {
      const client = await plain(control)
      how(client)
      await client.closed
      // The daemon may see a reset later than who sent it.
      await entered(control)
    }
    const client = await strangerByTls(control)
    await client.call('session.whoami')
    expect(isWaiting).toBe(true)
  })

  it.each(['TLSv1.2', 'TLSv1.3'] as const)(
    'gives its place back when a client refuses the certificate with %s',
    async (version) => {
      const control = await startTlsControl({ limits: { clientsBeforeLogin: 2, loginTime: 60_000 } })
      const refusals = { ...control, ca: makeCertificate('another').cert }
      for (let i = 0; i < 9; i++) {
        // The place is free once the daemon has seen the end, which may be after the client has.
        await expect
          .poll(() => connectedByTls(refusals, { minVersion: version, maxVersion: version }).catch(({ code }) => code))
          .toBe('DEPTH_ZERO_SELF_SIGNED_CERT')
      }
      await expect
        .poll(() =>
          strangerByTls(control).then(
            () => true,
            () => false,
          ),
        )
        .toBe(true)
    },
  )

  it('is refused to an address that has had sixty in a minute without a login, and to no other', async () => {
    stopClock()
    const control = await startTlsControl()
    await control.backend.operators.add({ name: 'ann', role: 'viewer', password: 'a password' })
    const login = await strangerByTls(control)
    await logIn(login, 'a password', 'ann')
    for (let i = 0; i < 30; i++) {
      const client = await plain(control)
      client.socket.write('no handshake at all')
      await client.closed
      const idler = await connectedByTls(control)
      idler.socket.end()
      await idler.rest()
      await idler.closed
    }
    // The last one is counted when the server's end is closed, too.
    await eventually(() => expect(connectedByTls(control)).rejects.toMatchObject({ code: 'ECONNRESET' }))
    await strangerByTls(control, { localAddress: '127.0.0.2' })
    await entered(control)
    await greeted({ host: '127.0.0.1', port: control.port })
    expect((await login.call('session.whoami')).result.name).toBe('ann')
  })

  it('that fails is told of once, however many do', async () => {
    const control = await startTlsControl()
    for (let i = 0; i < 30; i++) {
      const client = await plain(control)
      client.socket.write('no handshake at all')
      await client.closed
    }
    expect(control.log).toEqual(['a TLS handshake failed (ERR_SSL_WRONG_VERSION_NUMBER)'])
  })
})

describe('client certificates, where they are asked for,', () => {
  const authority = makeCertificate('Test CA', { isAuthority: true })
  const issuer = { ...authority, name: 'Test CA' }

  async function demanding(): Promise<TlsControl> {
    const path = join(await temporaryFolder(), 'ca.pem')
    writeFileSync(path, authority.cert)
    return startTlsControl({}, path)
  }

  it('open the way to the login, and no further', async () => {
    const client = await strangerByTls(await demanding(), makeCertificate('ann', { issuer }))
    expect((await client.call('session.whoami')).error?.data.kind).toBe('auth_required')
  })

  it.each([
    ['none', {}],
    ['one of another authority', makeCertificate('ann')],
    ['one that is out of date', makeCertificate('ann', { issuer, from: Date.now() - 9e8, until: Date.now() - 8e8 })],
  ])('keep a client with %s out', async (_, identity) => {
    const control = await demanding()
    // The client's own part of a handshake of TLS 1.3 may be over before the daemon judges.
    const client = await connectedByTls(control, identity).catch(() => undefined)
    expect(await client?.next()).toBeUndefined()
  })
})

describe('reading the files again', () => {
  it('serves the new certificate to new clients, and leaves the others alone', async () => {
    const control = await startTlsControl()
    const before = await strangerByTls(control)
    const renewed = makeCertificate('127.0.0.1')
    await writeIdentity(renewed, control.files)
    control.server.reload()
    await strangerByTls({ ...control, ca: renewed.cert })
    await expect(strangerByTls(control)).rejects.toThrow(/certificate/)
    expect((await before.call('session.whoami')).error?.data.kind).toBe('auth_required')
    const ownLines = control.log.filter((line) => !line.startsWith('a TLS handshake failed'))
    expect(ownLines).toEqual([expect.stringMatching(/^certificate and key are read again from /)])
  })

  it('goes on with what it has if they cannot be used', async () => {
    const control = await startTlsControl()
    writeFileSync(control.files.key, 'no key')
    control.server.reload()
    await strangerByTls(control)
    expect(control.log).toEqual([
      expect.stringMatching(/^certificate and key stay as they were: .* no sound private key/),
    ])
  })

  it('goes on with what it has if OpenSSL finds the new key too short', async () => {
    const control = await startTlsControl()
    const issuer = { ...makeCertificate('Test CA'), name: 'Test CA' }
    await writeIdentity(makeCertificate('127.0.0.1', { issuer, rsaBits: 512 }), control.files)
    control.server.reload()
    await strangerByTls(control)
    expect(control.log).toEqual([expect.stringMatching(/stay as they were: OpenSSL .*EE_KEY_TOO_SMALL/)])
  })

  it('does nothing without TLS', async () => {
    const control = await startControl()
    control.server.reload()
    expect(control.log).toEqual([])
  })
})

describe('a start is refused, as a mistake in the settings,', () => {
  const listen = [{ address: '127.0.0.1', port: 0 }]
  const good = makeCertificate('127.0.0.1')

  async function refusal(change: (files: TlsControl['files']) => object | undefined): Promise<unknown> {
    const files = await writeIdentity(good)
    const tls = { listen, ...files, clientCa: '', ...change(files) }
    return startControl({ tls }).catch((error: unknown) => error)
  }

  it.each<[string, (files: TlsControl['files']) => object | undefined, RegExp]>([
    ['without a certificate', () => ({ cert: '' }), /needs control-tls-cert/],
    ['without a key', () => ({ key: '' }), /needs control-tls-key/],
    [
      'without a certificate file',
      () => ({ cert: '/nowhere/cert.pem' }),
      /control-tls-cert \/nowhere.*: there is no folder \/nowhere: make it first/,
    ],
    ['if a folder is the key', ({ key }) => ({ key: join(key, '..') }), /control-tls-key .* is no plain file/],
    [
      'if others can put another key in its place',
      ({ key }) => void chmodSync(join(key, '..'), 0o777),
      /in the place of .*key.* \(control-tls-key names it\)$/,
    ],
    [
      'if others can write the authorities',
      ({ cert }) => {
        chmodSync(cert, 0o646)
        return { clientCa: cert }
      },
      /others can write to .* \(control-tls-client-ca names it\)$/,
    ],
    ['if others may read the key', ({ key }) => void chmodSync(key, 0o640), /control-tls-key .*: chmod 600 /],
    [
      'if the key is of another certificate',
      ({ key }) => void writeFileSync(key, makeCertificate('x').key),
      /is not that of/,
    ],
    [
      'if the certificate is none',
      ({ cert }) => void writeFileSync(cert, 'none'),
      /control-tls-cert .* no sound certificate/,
    ],
    [
      'if a chain is cut off in its second certificate',
      ({ cert }) => void writeFileSync(cert, `${good.cert}${good.cert.slice(0, 300)}`),
      /^certificate 2 of 2 in control-tls-cert .* is cut off or damaged: put the whole PEM file there$/,
    ],
    [
      'if authorities are cut off in their second certificate',
      ({ cert }) => {
        writeFileSync(join(cert, '../ca.pem'), `${good.cert}${good.cert.slice(0, 300)}`, { mode: 0o600 })
        return { clientCa: join(cert, '../ca.pem') }
      },
      /certificate 2 of 2 in control-tls-client-ca .* is cut off/,
    ],
    ['if the authorities are none', ({ key }) => ({ clientCa: key }), /control-tls-client-ca .* no sound certificate/],
    ['if the key has a passphrase', ({ key }) => void writeFileSync(key, lockedKey), /passphrase/],
    ['on what is no address', () => ({ listen: [{ address: 'localhost', port: 0 }] }), /--control-tls-addr/],
  ])('%s', async (_, change, text) => {
    expect(await refusal(change)).toMatchObject({ status: 2, message: expect.stringMatching(text) })
  })
})

it('warns of a certificate that is out of date, and serves it', async () => {
  const old = makeCertificate('127.0.0.1', { from: Date.UTC(2020, 0), until: Date.UTC(2021, 0) })
  const files = await writeIdentity(old)
  const tls = { listen: [{ address: '127.0.0.1', port: 0 }], ...files, clientCa: '' }
  const control = await startTlsControl({ tls })
  expect(control.log).toEqual([
    expect.stringContaining('is good from 2020-01-01T00:00:00.000Z to 2021-01-01T00:00:00.000Z'),
  ])
  await connectedByTls({ ...control, ca: old.cert }, { rejectUnauthorized: false })
})
