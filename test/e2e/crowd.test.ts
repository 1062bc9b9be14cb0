import { randomBytes } from 'node:crypto'
import { readdirSync, readlinkSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { connectThrough } from '../helpers/connect-through.ts'
import { startDaemon } from '../helpers/daemon.ts'
import { eventually } from '../helpers/eventually.ts'
import { mostTelling } from '../helpers/most-telling.ts'
import type { Peer } from '../helpers/peer.ts'
import { startTarget, type Target } from '../helpers/target.ts'

const crowd = 500
const share = 100_000

/** Sockets that the process has open. */
function socketsOf(pid: number): number {
  const folder = `/proc/${pid}/fd`
  return readdirSync(folder).filter((fd) => targetOf(`${folder}/${fd}`).startsWith('socket:')).length
}

/** A descriptor may be gone before it is looked at. */
function targetOf(link: string): string {
  try {
    return readlinkSync(link)
  } catch {
    return ''
  }
}

/** Sends its bytes on and then its FIN, and resolves to what came before the other side's. */
function exchange(peer: Peer, bytes: Uint8Array): Promise<Buffer> {
  peer.write(bytes)
  peer.finish()
  return peer.readToEnd()
}

async function converse(port: number, target: Target) {
  const client = await connectThrough(port, target)
  const [up, down] = [randomBytes(share), randomBytes(share)]
  client.write(up.subarray(0, 16))
  return { client, up, down }
}

describe.skipIf(process.platform !== 'linux').each(mostTelling)('%s', (engine) => {
  test(`${crowd} clients at once, each with bytes both ways, lose none and leave no descriptor`, async () => {
    const daemon = await startDaemon(['--engine', engine])
    const target = await startTarget()
    const socketsBefore = socketsOf(daemon.pid)

    const clients = await Promise.all(Array.from({ length: crowd }, () => converse(daemon.port('socks'), target)))
    const byMark = new Map(clients.map((client) => [client.up.toString('hex', 0, 16), client]))
    const servers = await Promise.all(clients.map(() => target.next()))
    expect(socketsOf(daemon.pid)).toBe(socketsBefore + 2 * crowd)

    const intact = servers.map(async (server) => {
      const mark = await server.read(16)
      const client = byMark.get(mark.toString('hex'))
      if (!client) return false
      const [received, answer] = await Promise.all([
        exchange(server, client.down),
        exchange(client.client, client.up.subarray(16)),
      ])
      return Buffer.concat([mark, received]).equals(client.up) && answer.equals(client.down)
    })
    expect((await Promise.all(intact)).filter(Boolean)).toHaveLength(crowd)
    await eventually(() => expect(socketsOf(daemon.pid)).toBe(socketsBefore))
  })
})
