import { beforeAll, describe, expect, it } from 'vitest'
import { limits } from '../../../shared/protocol/limits.ts'
import { limitDescriptors } from '../../helpers/descriptor-limit.ts'
import { descriptors } from '../../helpers/descriptors.ts'
import { eventually } from '../../helpers/eventually.ts'
import { connected, greeted, type Line, type RawClient, started } from '../raw-client.ts'
import { abusedDaemon, admin, loggedIn, pipeline, servedBeside, unharmedBy } from './abused-daemon.ts'

const abused = abusedDaemon()
const many = 20_000

async function replies(client: RawClient, count: number): Promise<Line[]> {
  const lines: Line[] = []
  while (lines.length < count) {
    const line = await client.next()
    if (line === undefined) throw new Error(`the connection ended after ${lines.length} replies`)
    if (line.id !== undefined) lines.push(line)
  }
  return lines
}

/** The daemon's sockets while it has no client. */
let ownSockets = 0
beforeAll(() => {
  ownSockets = descriptors(abused.daemon.pid).sockets
})

/** Wait until the daemon has let go of every client, those of the tests before too. */
async function expectOwnSockets(): Promise<void> {
  await eventually(() => expect(descriptors(abused.daemon.pid).sockets).toBe(ownSockets))
}

it('answers 20,000 requests sent in one go, in order, and others in between', async () => {
  const served = await unharmedBy(abused, async () => {
    const client = await admin(abused)
    pipeline(client, many, 'session.whoami')
    expect((await replies(client, many)).map(({ id }) => id)).toEqual(Array.from({ length: many }, (_, id) => id))
  })
  expect(served).toBeGreaterThan(10)
})

it('is not kept from others by 20,000 slow calls, nor by their caller going away', async () => {
  const client = await admin(abused)
  await client.call('users.add', { name: 'slow', password: 'x' })
  const served = await unharmedBy(abused, async () => {
    pipeline(client, many, 'users.setPassword', { name: 'slow', password: 'y' })
    await replies(client, 33)
    client.socket.destroy()
    await client.closed
  })
  expect(served).toBeGreaterThan(1)
  expect((await (await admin(abused)).call('users.remove', { name: 'slow' })).result).toBeDefined()
})

it('answers all that was asked before a FIN, then closes', async () => {
  await servedBeside(abused, async () => {
    const client = await admin(abused)
    pipeline(client, 200, 'rpc.describe')
    client.socket.end()
    expect((await client.rest()).map(({ id, result }) => [id, typeof result])).toEqual(
      Array.from({ length: 200 }, (_, id) => [id, 'object']),
    )
    expect(await client.closed).toBe(false)
  })
})

it('survives resets in the middle of a request, of a reply and of a login', async () => {
  await servedBeside(abused, async () => {
    for (let round = 0; round < 10; round++) {
      const [silent, halfway, impatient] = [
        await connected(abused.tcp),
        await greeted(abused.tcp),
        await loggedIn(abused),
      ]
      halfway.socket.write('{"jsonrpc":"2.0",')
      pipeline(impatient, 100, 'rpc.describe')
      await impatient.next()
      for (const client of [silent, halfway, impatient]) {
        client.socket.resetAndDestroy()
        await client.closed
      }
    }
  })
  await expectOwnSockets()
})

describe('places', () => {
  it('has one for who knows the cookie, and at the Unix socket, when strangers sit on all of theirs', async () => {
    await servedBeside(abused, async () => {
      const strangers: RawClient[] = []
      for (let i = 0; i < limits.clientsBeforeLogin; i++) strangers.push(await greeted(abused.tcp))
      await loggedIn(abused)
      expect(await strangers[0]?.rest()).toMatchObject([{ id: null, error: { data: { kind: 'busy' } } }])
      await admin(abused)
      for (const { socket } of strangers) socket.destroy()
    })
  })

  it('are no more than allowed for one way in, and free again when their clients have gone', async () => {
    const clients: RawClient[] = []
    await servedBeside(abused, async () => {
      // One place is the bystander's.
      for (let i = 1; i < limits.clients; i++) clients.push(await eventually(() => admin(abused)))
      const client = await greeted(abused.unix)
      expect((await client.call('session.start', { protocol: [1, 0], client: 'test' })).error?.data.kind).toBe('busy')
      expect(await client.next()).toBeUndefined()
      await loggedIn(abused)
    })
    for (const { socket } of clients) socket.destroy()
    await eventually(() => admin(abused))
  })

  it('outlives 600 connections that come and go', async () => {
    await unharmedBy(abused, async () => {
      for (let round = 0; round < 30; round++) {
        const clients = await Promise.all(Array.from({ length: 20 }, () => connected(abused.tcp)))
        for (const { socket } of clients) socket.resetAndDestroy()
        await Promise.all(clients.map(({ closed }) => closed))
      }
    })
    await expectOwnSockets()
  })
})

it.skipIf(process.platform !== 'linux')(
  'serves those it has when it has no descriptor left, and all when it has',
  async () => {
    await servedBeside(abused, async () => {
      const client = await admin(abused)
      const giveBack = limitDescriptors(abused.daemon.pid, 3)
      try {
        // The daemon may close such a connection at once, or leave it waiting.
        const unlucky = await connected(abused.tcp)
        const told = unlucky.rest()
        for (let i = 0; i < 10; i++) expect((await client.call('status.get')).result).toBeDefined()
        expect(await Promise.race([told, client.call('status.get').then(() => [])])).toEqual([])
        unlucky.socket.destroy()
      } finally {
        giveBack()
      }
      const next = await greeted(abused.tcp)
      await started(next)
    })
  },
)
