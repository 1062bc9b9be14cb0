import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { bytes } from '../helpers/bytes.ts'
import { startDaemon } from '../helpers/daemon.ts'
import { startEcho } from '../helpers/echo.ts'
import { eventually } from '../helpers/eventually.ts'
import { enter, Flow } from '../helpers/flows.ts'
import { inMemoryGroup } from '../helpers/memory-group.ts'
import { operate } from '../helpers/operate.ts'
import { greetingForLogin, login, request } from '../helpers/socks-client.ts'

const MiB = 1024 * 1024
/** What the crowd would take, had it its way, is several times the limit. */
const [sources, each, limit] = [60, 20, 128 * MiB]

/** More than any buffer holds. */
const block = Buffer.alloc(8 * MiB)

/** A target that sends whoever comes too much, and reads nothing. */
async function startFlood(): Promise<number> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {}).pause()
    socket.write(block)
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

/** Clients of many addresses who ask for that, send as much, and read nothing; resolves when all have asked. */
async function startCrowd(port: number, floodPort: number): Promise<Socket[]> {
  const crowd: Socket[] = []
  for (let i = 0; i < each; i++) {
    for (let source = 1; source <= sources; source++) {
      const socket = connect({ port, host: '127.0.0.1', localAddress: `127.0.4.${source}` })
      socket.on('error', () => {}).pause()
      socket.write(bytes(greetingForLogin, login('bob', 'hunter2'), request('127.0.0.1', floodPort)))
      socket.write(block)
      crowd.push(socket)
    }
    await setTimeout(50)
  }
  return crowd
}

test.each(['linux', 'portable'])(
  'with next to no memory left to its control group, the %s engine keeps whom it has, and goes on afterwards',
  async (engine) => {
    const within = inMemoryGroup(engine, limit)
    if (!within) return console.warn('SKIPPED: a test of limited memory, for no control group can be made here')
    const args = ['--engine', engine, '-u', 'bob:hunter2', '--max-connections', '20000']
    const daemon = await startDaemon(args, { within })
    const clients = { proxyPort: daemon.port('socks'), echoPort: await startEcho(), name: 'bob', password: 'hunter2' }
    const admin = await operate(daemon)
    const flow = await Flow.begin(clients, 1, () => setTimeout(20))
    const crowd = await startCrowd(clients.proxyPort, await startFlood())
    await daemon.logs(/memory is short \(128 MiB in its control group\)/)
    const { steps } = flow
    await eventually(() => expect(flow.steps).toBeGreaterThan(steps + 50))
    const sessions = async () => (await admin.call('status.get')).result.health.sessions
    const { live, max } = await sessions()
    expect(live).toBeLessThan(sources * each)
    expect(max).toBeLessThan(sources * each)
    expect(daemon.stderr.match(/memory is short/g)).toHaveLength(1)
    for (const socket of crowd) socket.resetAndDestroy()
    await eventually(async () => expect((await sessions()).live).toBe(1))
    for (let i = 0; i < 50; i++) (await enter(clients)).reset()
    await flow.stop()
    expect((await daemon.stop()).status).toBe(0)
  },
)
