import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { bytes } from '../helpers/bytes.ts'
import { connectThrough } from '../helpers/connect-through.ts'
import { type Daemon, startDaemon } from '../helpers/daemon.ts'
import { eventually } from '../helpers/eventually.ts'
import { listenQueue } from '../helpers/kernel-queues.ts'
import { connectPeer, type Peer } from '../helpers/peer.ts'
import { expectReply, greeting, request, succeeded } from '../helpers/socks-client.ts'
import { startTarget, type Target } from '../helpers/target.ts'

const isLinux = process.platform === 'linux'
/** The kernel lets no more wait at one socket, whatever it is asked for (listen(2)). */
const kernelMost = isLinux ? Number(readFileSync('/proc/sys/net/core/somaxconn', 'utf8')) : 0
const burst = Math.min(1_000, kernelMost)
const bulkBytes = 32 * 1024 * 1024

function times(count: number): number[] {
  return [...Array(count).keys()]
}

/** All at once: every connect is on its way before the first one is looked at. */
function connectAll(daemon: Daemon, count: number): Promise<Peer>[] {
  return times(count).map(() => connectPeer('127.0.0.1', daemon.port('socks')))
}

/** Asks for the target and expects to get there. */
async function served(client: Peer, target: Target): Promise<Peer> {
  client.write(bytes(greeting, request(target.host, target.port)))
  expect(await client.readHex(2)).toBe('0500')
  await expectReply(client, succeeded)
  return client
}

describe.skipIf(!isLinux).each(['portable', 'linux'])('%s engine', (engine) => {
  test(`${burst} clients who come at once while it is busy are all served`, async () => {
    const daemon = await startDaemon(['--engine', engine, '--workers', '2'])
    const target = await startTarget()
    const other = await startTarget()
    const reader = await connectThrough(daemon.port('socks'), other)
    const writer = await other.next()
    writer.write(Buffer.alloc(bulkBytes))
    writer.finish()
    await reader.read(1)

    // Nothing is busier than a process that has no time at all.
    await daemon.freeze()
    const clients = await Promise.all(connectAll(daemon, burst))
    expect(listenQueue(daemon.port('socks')).waiting).toBe(burst)
    daemon.signal('SIGCONT')
    const rest = reader.readToEnd()
    const replies = clients.map((client) => served(client, target))
    for (const client of await Promise.all(replies)) client.write('x')
    const words = await Promise.all(clients.map(async () => (await target.next()).readText(1)))
    expect(words.filter((word) => word === 'x')).toHaveLength(burst)
    expect((await rest).length).toBe(bulkBytes - 1)
  })

  test('as many wait in the kernel as --backlog says, and the others come again', async () => {
    const backlog = 4
    const daemon = await startDaemon(['--engine', engine, '--workers', '1', '--backlog', `${backlog}`])
    const target = await startTarget()
    await daemon.freeze()
    const coming = connectAll(daemon, 3 * backlog)
    await Promise.race(coming)
    // The kernel takes one more than it is told to.
    await eventually(() => expect(listenQueue(daemon.port('socks')).waiting).toBe(backlog + 1))
    daemon.signal('SIGCONT')
    await Promise.all(coming.map(async (client) => served(await client, target)))
  })

  test('who breaks off while it is busy is counted, for the family that they came by', async () => {
    const daemon = await startDaemon(['--engine', engine, '--workers', '1', '--metrics-addr', '0'])
    const target = await startTarget()
    await daemon.freeze()
    for (const client of await Promise.all(connectAll(daemon, 10))) client.reset()
    daemon.signal('SIGCONT')
    const [client] = await Promise.all(connectAll(daemon, 1))
    await served(client as Peer, target)
    const response = await fetch(`http://127.0.0.1:${daemon.port('metrics')}/metrics`)
    const metrics = await response.text()
    expect(metrics).toContain('\nproxyd_connections_accepted_total{listener="socks",family="ipv4"} 11\n')
    expect(metrics).toContain('\nproxyd_sessions_total{command="none",reason="gone"} 10\n')
  })

  test('one who dawdles in the negotiation keeps nobody waiting', async () => {
    const daemon = await startDaemon(['--engine', engine, '--workers', '1'])
    const target = await startTarget()
    const [dawdler, ...others] = await Promise.all(connectAll(daemon, 20))
    dawdler?.write(greeting.subarray(0, 1))
    await Promise.all(others.map((client) => served(client, target)))
    dawdler?.write(greeting.subarray(1))
    expect(await dawdler?.readHex(2)).toBe('0500')
  })

  test('while there is no room it goes on listening, and whoever comes is served in the end', async () => {
    const daemon = await startDaemon(['--engine', engine, '--workers', '1', '--max-connections', '1'])
    const port = daemon.port('socks')
    const target = await startTarget()
    const first = await connectThrough(port, target)
    await target.next()

    const others = await Promise.all(connectAll(daemon, 10))
    // All of it, for who is silent for a second makes room for others.
    for (const client of others) client.write(bytes(greeting, request(target.host, target.port)))
    await daemon.logs(/the limit of connections is reached/)
    // What node:net has accepted it cannot put back: there they wait in the engine.
    await eventually(() => expect(listenQueue(port)).toEqual({ listeners: 1, waiting: engine === 'linux' ? 10 : 0 }))
    expect(others.filter(({ socket }) => socket.readableLength > 0 || socket.readableEnded)).toEqual([])

    first.reset()
    const after = await Promise.all(
      others.map(async (client) => {
        expect(await client.readHex(2)).toBe('0500')
        await expectReply(client, succeeded)
        client.reset()
      }),
    )
    expect(after).toHaveLength(10)
  })
})
