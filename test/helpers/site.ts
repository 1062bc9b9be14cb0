import { createHash, randomBytes } from 'node:crypto'
import { type EventEmitter, once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { onTestFinished } from 'vitest'
import { type Answering, type Asked, type SecureServer, startSecureServer } from './secure-server.ts'

const bulk = randomBytes(20 * 1024 * 1024)
/** What of the page's bulk, at `/bulk`, everybody should get. */
export const bulkHash = createHash('sha256').update(bulk).digest('hex')

/** What a page says in the end, if all of it comes by this: `http/1.1` or `h2`. */
export function wholePage(by: string): string {
  return `the page by ${by}, bulk ${bulkHash} by ${by}, socket says hello`
}

const page = `<!doctype html><meta charset=utf-8><link rel=icon href=data:,><body><script src=/script.js></script>`
const script = `
  const way = (url) => performance.getEntriesByName(new URL(url, location).href)[0].nextHopProtocol
  const socket = new WebSocket(location.origin.replace('http', 'ws') + '/socket')
  const heard = new Promise((resolve) => { socket.onmessage = ({ data }) => resolve(data) })
  fetch('/bulk').then((response) => response.arrayBuffer()).then(async (bulk) => {
    const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', bulk)).toHex()
    document.body.append('the page by ' + way('/script.js') + ', bulk ' + hash + ' by ' + way('/bulk') + ', socket says ' + (await heard))
  })`

function answer({ url }: Asked, response: Answering): void {
  response.setHeader('content-type', url === '/script.js' ? 'text/javascript' : 'text/html')
  response.end(url === '/bulk' ? bulk : url === '/script.js' ? script : page)
}

/** A WebSocket that says hello (RFC 6455). */
function greet(headers: Readonly<Record<string, unknown>>, socket: Duplex): void {
  const key = `${headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`
  const accept = createHash('sha1').update(key).digest('base64')
  socket.on('error', () => {})
  socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n')
  socket.write(`Sec-WebSocket-Accept: ${accept}\r\n\r\n`)
  // A text of five bytes (section 5.2).
  socket.write(Buffer.from([0x81, 5, ...Buffer.from('hello')]))
}

function greeting<Server extends Pick<EventEmitter, 'on'>>(server: Server): Server {
  server.on('upgrade', ({ headers }, socket) => greet(headers, socket))
  return server
}

/** On a loopback address, until the test is over, a site whose page asks for 20 MiB and by a WebSocket. */
export async function startSite(): Promise<{ readonly url: string }> {
  const server = greeting(createServer(answer))
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { url: `http://localhost:${(server.address() as AddressInfo).port}` }
}

/** As `startSite`, over TLS and HTTP/2, but for who wants HTTP/1.1. */
export async function startSecureSite(): Promise<SecureServer> {
  const secure = await startSecureServer(answer)
  greeting(secure.server)
  return secure
}
