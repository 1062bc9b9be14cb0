import { createHmac } from 'node:crypto'
import type { lookup } from 'node:dns'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { expect, onTestFinished, test, vi } from 'vitest'
import { unfitUrl, Webhook, type WebhookOptions } from '../../daemon/watches/webhook.ts'
import type { WatchNotice } from '../../shared/protocol/methods.ts'
import { makeCertificate } from '../helpers/certificate.ts'
import { eventually } from '../helpers/eventually.ts'

const notice = (text: string): WatchNotice => ({ watch: 'big', time: 1, state: 'firing', subject: 'bob', text })

interface Post {
  readonly request: IncomingMessage
  readonly body: string
}

/** An HTTP server that answers with these statuses, and the last one from then on. */
async function startServer(answers: readonly ((response: ServerResponse) => void)[]) {
  const posts: Post[] = []
  const server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    const answer = answers[Math.min(posts.length, answers.length - 1)]
    posts.push({ request, body })
    answer?.(response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close().closeAllConnections())
  return { posts, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook` }
}

const status =
  (code: number, headers = {}) =>
  (response: ServerResponse) =>
    void response.writeHead(code, headers).end()

function open(options: Pick<WebhookOptions, 'url'> & Partial<WebhookOptions>) {
  const warnings: string[] = []
  const webhook = new Webhook({
    ...{ secret: undefined, warn: (message) => warnings.push(message), firstPause: 1, patience: 5000 },
    ...options,
  })
  onTestFinished(() => webhook.close())
  return { webhook, warnings }
}

test('each notice is posted, in order, and signed', async () => {
  const { posts, url } = await startServer([status(204)])
  const { webhook } = open({ url, secret: 'a secret' })
  for (const text of ['one', 'zwei ü']) webhook.post(notice(text))
  await eventually(() => expect(posts).toHaveLength(2))
  expect(posts.map(({ body }) => JSON.parse(body))).toEqual([
    { ...notice('one'), missed: 0 },
    { ...notice('zwei ü'), missed: 0 },
  ])
  for (const { request, body } of posts) {
    expect([request.method, request.url, request.headers['content-type']]).toEqual([
      'POST',
      '/hook',
      'application/json',
    ])
    const signature = createHmac('sha256', 'a secret').update(body).digest('hex')
    expect(request.headers['x-proxyd-signature']).toBe(`sha256=${signature}`)
  }
})

test('without a secret there is no signature', async () => {
  const { posts, url } = await startServer([status(200)])
  open({ url }).webhook.post(notice('one'))
  await eventually(() => expect(posts).toHaveLength(1))
  expect(posts[0]?.request.headers).not.toHaveProperty('x-proxyd-signature')
})

test('what fails for now is tried again, and what breaks off, too', async () => {
  const { posts, url } = await startServer([status(503), (response) => response.destroy(), status(429), status(200)])
  const { webhook, warnings } = open({ url })
  webhook.post(notice('one'))
  webhook.post(notice('two'))
  await eventually(() => expect(posts).toHaveLength(5))
  expect(posts.map(({ body }) => JSON.parse(body).text)).toEqual(['one', 'one', 'one', 'one', 'two'])
  expect(warnings).toEqual([])
})

test('who answers with another protocol (101) holds up nothing that follows', async () => {
  const socket = (response: ServerResponse) =>
    response.socket?.end('HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n')
  const { posts, url } = await startServer([socket, status(200)])
  const { webhook, warnings } = open({ url })
  webhook.post(notice('one'))
  webhook.post(notice('two'))
  await eventually(() => expect(posts).toHaveLength(2))
  expect(JSON.parse(posts[1]?.body ?? '')).toEqual({ ...notice('two'), missed: 1 })
  expect(warnings).toEqual(['the webhook was not told of a watch, after 1 of 6 tries: it answered 101'])
})

test('what is refused is not tried again, a redirect is not followed, and the next one tells how many are missing', async () => {
  const elsewhere = await startServer([status(200)])
  const redirect = status(307, { location: elsewhere.url })
  const { posts, url } = await startServer([status(403), redirect, status(200)])
  const { webhook, warnings } = open({ url })
  for (const text of ['one', 'two', 'three']) webhook.post(notice(text))
  await eventually(() => expect(posts).toHaveLength(3))
  expect(posts.map(({ body }) => JSON.parse(body).missed)).toEqual([0, 1, 2])
  expect(elsewhere.posts).toEqual([])
  expect(warnings).toEqual([
    'the webhook was not told of a watch, after 1 of 6 tries: it answered 403',
    'the webhook was not told of a watch, after 1 of 6 tries: it answered 307',
  ])
})

test('how it goes is told until it goes better', async () => {
  const { url } = await startServer([status(403), status(200)])
  const { webhook } = open({ url })
  expect(webhook.state).toEqual({ problem: null, missed: 0 })
  webhook.post(notice('one'))
  await eventually(() => expect(webhook.state).toEqual({ problem: 'it answered 403', missed: 1 }))
  webhook.post(notice('two'))
  await eventually(() => expect(webhook.state).toEqual({ problem: null, missed: 1 }))
})

test('who never answers is given up, what waits meanwhile is bounded, and an end is an end', async () => {
  const { posts, url } = await startServer([() => {}])
  const leaks: Error[] = []
  const heard = (warning: Error) => leaks.push(warning)
  process.on('warning', heard)
  onTestFinished(() => void process.off('warning', heard))
  const { webhook, warnings } = open({ url, patience: 20 })
  for (let i = 0; i < 300; i++) webhook.post(notice(`${i}`))
  await eventually(() => expect(warnings).toHaveLength(1))
  await eventually(() => expect(posts.length).toBeGreaterThan(20))
  const second = JSON.parse(posts[6]?.body ?? '')
  // The first was under way, of the others the last hundred wait.
  expect([second.text, second.missed]).toEqual(['200', 200])
  webhook.close()
  const { length } = posts
  await new Promise((resolve) => setTimeout(resolve, 60))
  expect(posts.length).toBeLessThanOrEqual(length + 1)
  expect(leaks).toEqual([])
  expect(warnings.length).toBeLessThan(5)
})

test('an answer without an end is not read to it', async () => {
  const { posts, url } = await startServer([
    (response) => {
      response.writeHead(200)
      const more = () => {
        while (!response.destroyed && response.write(Buffer.alloc(65_536)));
      }
      response.on('drain', more)
      more()
    },
  ])
  const { webhook } = open({ url })
  for (const text of ['one', 'two']) webhook.post(notice(text))
  await eventually(() => expect(posts).toHaveLength(2))
})

test('a name that leads to this machine or its neighbours is not followed there', async () => {
  const asked: string[] = []
  const lookUp = ((name: string, _: object, callback: (error: null, addresses: object[]) => void) => {
    asked.push(name)
    callback(null, [
      { address: '127.0.0.1', family: 4 },
      { address: '169.254.169.254', family: 4 },
      { address: '::ffff:10.0.0.1', family: 6 },
      { address: '64:ff9b::a00:1', family: 6 },
    ])
  }) as unknown as typeof lookup
  const { webhook, warnings } = open({ url: 'https://rebinding.example/hook', lookUp })
  webhook.post(notice('one'))
  await eventually(() => expect(warnings).toHaveLength(1))
  expect(asked).toEqual(Array(6).fill('rebinding.example'))
  expect(warnings[0]).toBe(
    'the webhook was not told of a watch, after 6 of 6 tries: rebinding.example leads to no public address',
  )
})

test.each([
  ['https://hooks.example/T0/B1', undefined],
  ['http://127.0.0.1:9093/hook', undefined],
  ['http://localhost/hook', undefined],
  ['http://[::1]:80/', undefined],
  ['https://192.168.1.7/hook', undefined],
  ['http://hooks.example/', /use https/],
  ['http://192.168.1.7/', /use https/],
  ['https://bob:secret@hooks.example/', /webhook-secret/],
  ['file:///etc/passwd', /https:/],
  ['hooks.example', /no URL/],
  ['https://hooks.example/#a', /#/],
])('the URL %s', (url, problem) => {
  const said = unfitUrl(url)
  if (problem === undefined) expect(said).toBeUndefined()
  else expect(said).toMatch(problem)
})

test('over https it is told by who shows a certificate that is trusted, and by nobody else, which the log says', async () => {
  const authority = { name: 'an authority', ...makeCertificate('an authority', { isAuthority: true }) }
  const server = makeCertificate('127.0.0.1', { issuer: authority })
  const posts: string[] = []
  const hook = createSecureServer(server, async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    posts.push(body)
    response.writeHead(204).end()
  })
  await new Promise<void>((resolve) => hook.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void hook.close().closeAllConnections())
  const url = `https://127.0.0.1:${(hook.address() as AddressInfo).port}/hook`
  vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0')
  onTestFinished(() => void vi.unstubAllEnvs())
  const untrusting = open({ url })
  untrusting.webhook.post(notice('one'))
  await eventually(() =>
    expect(untrusting.warnings).toEqual([expect.stringMatching(/not told of a watch.*certificate/)]),
  )
  expect(posts).toEqual([])

  // What NODE_EXTRA_CA_CERTS does for a whole process, from its start on.
  const before = getCACertificates('default')
  setDefaultCACertificates([...before, authority.cert])
  onTestFinished(() => setDefaultCACertificates(before))
  open({ url }).webhook.post(notice('two'))
  await eventually(() => expect(posts.map((body) => JSON.parse(body).text)).toEqual(['two']))
})
