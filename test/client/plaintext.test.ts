import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { networkInterfaces } from 'node:os'
import { expect, it, onTestFinished } from 'vitest'
import { connect, followDaemon } from '../../tui/client/index.ts'
import { run } from '../helpers/programs.ts'
import { program } from '../helpers/proxy-tui.ts'
import { reaches } from './reaches.ts'

/** This machine's own, beyond loopback; what is sent there stays here, but the client cannot know. */
const [far = ''] = Object.values(networkInterfaces()).flatMap((addresses = []) =>
  addresses.flatMap(({ address, family, internal }) => (family === 'IPv4' && !internal ? address : [])),
)

/** A port on all addresses; `heard` is what clients have said so far. */
async function listenEverywhere() {
  const state = { port: 0, heard: '' }
  const server = createServer((socket) => {
    socket.setEncoding('latin1').on('data', (text) => {
      state.heard += text
      socket.end()
    })
  })
  await once(server.listen(0, '0.0.0.0'), 'listening')
  onTestFinished(() => void server.close())
  state.port = (server.address() as AddressInfo).port
  return state
}

it.skipIf(far === '')('says nothing to another machine without TLS, unless told to', async () => {
  const daemon = await listenEverywhere()
  const target = { kind: 'tcp', host: far, port: daemon.port, operator: 'bob', password: 'hunter2' } as const
  const refusal = { code: 'insecure_plaintext', kind: 'call' }
  await expect(connect(target)).rejects.toMatchObject(refusal)
  await expect(connect({ ...target, password: () => expect.unreachable() })).rejects.toMatchObject(refusal)
  const link = followDaemon(target)
  onTestFinished(() => link.stop())
  expect((await reaches(link, 'refused')).reason).toMatchObject(refusal)
  expect(daemon.heard).toBe('')

  await expect(connect({ ...target, insecurePlaintext: true })).rejects.toMatchObject({ code: 'lost' })
  expect(daemon.heard).toContain('auth.begin')
})

it.skipIf(far === '')('a flag or a variable tells it to', async () => {
  const daemon = await listenEverywhere()
  const where = ['--host', far, '--port', `${daemon.port}`, '--cookie-file', '/nonexistent', '--exec', 'whoami']
  const whoami = (args: string[], env = {}) =>
    run(process.execPath, [program, ...where, ...args], { env: { ...process.env, ...env } })
  expect(await whoami([])).toEqual({
    status: 2,
    stdout: '',
    stderr: expect.stringMatching(/^proxy-tui: .* is on another machine.*; use --tls .*--insecure-plaintext/),
  })
  expect(daemon.heard).toBe('')
  expect((await whoami(['--insecure-plaintext'])).status).toBe(3)
  expect((await whoami([], { PROXY_TUI_INSECURE_PLAINTEXT: '1' })).status).toBe(3)
})
