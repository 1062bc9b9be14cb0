import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { startDaemon } from '../helpers/daemon.ts'
import { eventually } from '../helpers/eventually.ts'
import { operate } from '../helpers/operate.ts'
import { findProgram } from '../helpers/programs.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'

const chromium = findProgram('chromium', 'chromium-browser', 'google-chrome')

const size = 20 * 1024 * 1024
const script = `
  const socket = new WebSocket(location.origin.replace('http', 'ws') + '/socket')
  const heard = new Promise((resolve) => { socket.onmessage = ({ data }) => resolve(data) })
  fetch('/bulk').then((response) => response.arrayBuffer()).then(async ({ byteLength }) => {
    document.body.append(' bulk of ' + byteLength + ', socket says ' + (await heard))
  })`

/** A page whose script asks for 20 MiB and by a WebSocket. */
async function startSite(): Promise<number> {
  const server = createServer((request, response) => {
    if (request.url === '/bulk') response.end(Buffer.alloc(size))
    else if (request.url === '/script.js') response.end(script)
    else response.setHeader('content-type', 'text/html').end('<body>the page <script src="/script.js"></script></body>')
  })
  server.on('upgrade', ({ headers }, socket) => {
    const key = `${headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`
    const accept = createHash('sha1').update(key).digest('base64')
    socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n')
    socket.write(`Sec-WebSocket-Accept: ${accept}\r\n\r\n`)
    // A text of five bytes (RFC 6455, section 5.2).
    socket.write(Buffer.from([0x81, 5, ...Buffer.from('hello')]))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  return (server.address() as AddressInfo).port
}

/** A browser that is driven by the DevTools protocol, and gives this login to a proxy that asks for one. */
async function browse(proxy: string, login: { readonly username: string; readonly password: string }) {
  const child = spawn(
    chromium ?? '',
    [
      ...['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-sync'],
      ...['--disable-background-networking', '--disable-component-update', '--remote-debugging-port=0'],
      ...[`--user-data-dir=${await temporaryFolder()}`, `--proxy-server=${proxy}`, '--proxy-bypass-list=<-loopback>'],
      'about:blank',
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  )
  onTestFinished(async () => {
    child.kill('SIGKILL')
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  })
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (text) => (said += text))
  const url = await eventually(() => {
    const [, found] = /DevTools listening on (ws:\S+)/.exec(said) ?? []
    if (found === undefined) throw new Error(`no browser: ${said}`)
    return found
  })
  const socket = new WebSocket(url)
  await once(socket, 'open')
  const waiting = new Map<number, (result: Record<string, never>) => void>()
  let last = 0
  let asked = 0
  const call = (method: string, params: object, sessionId?: string) =>
    new Promise<Record<string, never>>((resolve) => {
      waiting.set(++last, resolve)
      socket.send(JSON.stringify({ id: last, method, params, sessionId }))
    })
  socket.addEventListener('message', ({ data }) => {
    const { id, method, params, sessionId, result } = JSON.parse(String(data))
    if (id !== undefined) waiting.get(id)?.(result)
    else if (method === 'Fetch.requestPaused')
      void call('Fetch.continueRequest', { requestId: params.requestId }, sessionId)
    else if (method === 'Fetch.authRequired') {
      asked++
      const response = asked > 3 ? 'CancelAuth' : 'ProvideCredentials'
      const authChallengeResponse = { response, ...(response === 'ProvideCredentials' && login) }
      void call('Fetch.continueWithAuth', { requestId: params.requestId, authChallengeResponse }, sessionId)
    }
  })
  const { targetId } = await call('Target.createTarget', { url: 'about:blank' })
  const { sessionId } = await call('Target.attachToTarget', { targetId, flatten: true })
  await call('Fetch.enable', { handleAuthRequests: true, patterns: [{ urlPattern: '*' }] }, sessionId)
  return {
    go: (page: string) => call('Page.navigate', { url: page }, sessionId),
    async text(): Promise<string> {
      const expression = 'document.body.innerText'
      const { result } = await call('Runtime.evaluate', { expression }, sessionId)
      return (result as unknown as { value?: string }).value ?? ''
    },
    get asked() {
      return asked
    },
  }
}

test.skipIf(!chromium).each(['portable', 'linux'])(
  'Chromium logs in by HTTP, loads a page, 20 MiB and a WebSocket: %s',
  async (engine) => {
    const daemon = await startDaemon(['--engine', engine, '-u', 'zoë:pässword'])
    const [operator, port] = [await operate(daemon), await startSite()]
    const proxy = `http://127.0.0.1:${daemon.port('socks')}`
    const browser = await browse(proxy, { username: 'zoë', password: 'pässword' })
    await browser.go(`http://localhost:${port}/`)
    await eventually(async () => expect(await browser.text()).toContain(`bulk of ${size}, socket says hello`))
    expect(browser.asked).toBe(1)
    const { connections } = (await operator.call('connections.list', {})).result
    expect(connections).toContainEqual(
      expect.objectContaining({ user: 'zoë', protocol: 'http', destination: `localhost:${port}` }),
    )
    const stranger = await browse(proxy, { username: 'zoë', password: 'wrong' })
    await stranger.go(`http://localhost:${port}/`)
    await eventually(() => expect(stranger.asked).toBeGreaterThan(1))
    expect(await stranger.text()).not.toContain('the page')
  },
  180_000,
)
