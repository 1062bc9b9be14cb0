import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createSecureServer, type Http2SecureServer } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import { onTestFinished } from 'vitest'
import { makeCertificate } from './certificate.ts'
import { temporaryFolder } from './temporary-folder.ts'

/** What of a request and its response HTTP/1.1 and HTTP/2 have alike. */
export interface Asked {
  readonly method?: string | undefined
  readonly url?: string | undefined
  readonly headers: Readonly<Record<string, unknown>>
}
export interface Answering {
  setHeader(name: string, value: string): unknown
  end(body: string | Buffer): unknown
}

/** A server over TLS, of HTTP/2, and of HTTP/1.1 for who wants that. */
export interface SecureServer {
  readonly server: Http2SecureServer
  /** `https://localhost:port`. */
  readonly url: string
  /** Has the certificate of the authority that `localhost` has its own from. */
  readonly authorityFile: string
}

/** On a loopback address until the test is over. */
export async function startSecureServer(handle: (request: Asked, response: Answering) => void): Promise<SecureServer> {
  const authority = { ...makeCertificate('a test', { isAuthority: true }), name: 'a test' }
  const authorityFile = join(await temporaryFolder(), 'authority.pem')
  writeFileSync(authorityFile, authority.cert)
  const identity = makeCertificate('localhost', { issuer: authority })
  const server = createSecureServer({ ...identity, allowHTTP1: true }, handle)
  const sockets = new Set<Duplex>()
  server.on('secureConnection', (socket) => sockets.add(socket.once('close', () => sockets.delete(socket))))
  // Who leaves in the middle of a message or a handshake is nothing to us.
  server.on('sessionError', () => {})
  server.on('tlsClientError', () => {})
  onTestFinished(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { server, url: `https://localhost:${(server.address() as AddressInfo).port}`, authorityFile }
}
