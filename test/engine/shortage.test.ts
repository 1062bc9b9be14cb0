import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { Command } from '../../daemon/socks/messages.ts'
import { bytes } from '../helpers/bytes.ts'
import { connectThrough } from '../helpers/connect-through.ts'
import { type Daemon, spawnDaemon, startDaemon } from '../helpers/daemon.ts'
import { limitDescriptors } from '../helpers/descriptor-limit.ts'
import { eventually } from '../helpers/eventually.ts'
import { mostTellingOf } from '../helpers/most-telling.ts'
import { connectPeer, type Peer } from '../helpers/peer.ts'
import { expectReply, greeting, request, succeeded } from '../helpers/socks-client.ts'
import { startTarget, type Target } from '../helpers/target.ts'

const fewDescriptors = fileURLToPath(new URL('../helpers/few-descriptors.ts', import.meta.url))
const mebibyte = 1024 * 1024

/** A client that has said all it has to say, and waits for its replies. */
async function ask(daemon: Daemon, target: Target): Promise<Peer> {
  const client = await connectPeer('127.0.0.1', daemon.port('socks'))
  client.write(bytes(greeting, request(target.host, target.port)))
  return client
}

async function answered(client: Peer): Promise<Peer> {
  expect(await client.readHex(2)).toBe('0500')
  await expectReply(client, succeeded)
  return client
}

async function expectAlive([client, peer]: readonly [Peer, Peer]): Promise<void> {
  client.write('ping')
  expect(await peer.readText(4)).toBe('ping')
  peer.write(Buffer.alloc(mebibyte))
  expect((await client.read(mebibyte)).length).toBe(mebibyte)
}

function times(count: number): number[] {
  return [...Array(count).keys()]
}

const shortages = (log: string) => log.split('\n').filter((line) => line.includes('no descriptors are left')).length

describe.skipIf(process.platform !== 'linux').each(['portable', 'linux'])('%s engine', (engine) => {
  // One loop takes all of its clients in whole batches; of two, none may. The portable engine has one at all times.
  test.each(engine === 'linux' ? [1, 2] : [1])(
    'without descriptors, %i loops pause with one line in the log, and go on',
    async (workers) => {
      const daemon = await startDaemon(['--engine', engine, '--workers', `${workers}`, '--timeout-drain', '0'])
      const target = await startTarget()
      const pairs: [Peer, Peer][] = []
      for (const _ of times(8)) pairs.push([await connectThrough(daemon.port('socks'), target), await target.next()])

      const giveBack = limitDescriptors(daemon.pid, 3)
      const waiting = await Promise.all(times(40).map(() => ask(daemon, target)))
      await daemon.logs(/no descriptors are left/)
      await Promise.all(pairs.map(expectAlive))
      expect(waiting.filter(({ socket }) => socket.readableLength > 0 || socket.readableEnded)).toEqual([])

      giveBack()
      await Promise.all(waiting.map(answered))
      for (const client of waiting) client.reset()
      const { stderr } = await daemon.stop()
      expect(shortages(stderr)).toBe(1)
    },
  )

  test('begun with few descriptors, it takes no more clients than it can serve, and the others wait', async () => {
    const daemon = await startDaemon(['--engine', engine, '--workers', '2'], { program: fewDescriptors })
    const target = await startTarget()
    const clients = await Promise.all(times(50).map(() => ask(daemon, target)))
    await daemon.logs(/the limit of connections is reached/)
    // Whoever is served makes room for another.
    await Promise.all(clients.map(async (client) => (await answered(client)).reset()))
    expect(daemon.stderr.match(/the limit of connections is reached/g)).toHaveLength(1)
    expect(shortages(daemon.stderr)).toBe(0)
  })

  test('with more clients waiting than it has descriptors, it serves whom it has let wait', async () => {
    const daemon = await startDaemon(['--engine', engine, '--workers', '1'], { program: fewDescriptors })
    const target = await startTarget()
    await daemon.freeze()
    const clients = await Promise.all(times(160).map(() => connectPeer('127.0.0.1', daemon.port('socks'))))
    for (const client of clients) client.write(bytes(greeting, request(target.host, target.port)))
    daemon.signal('SIGCONT')
    await daemon.logs(/the limit of connections is reached/)
    // What node:net has accepted it cannot put back, so that it has to reset some.
    if (engine === 'portable') await eventually(() => expect(clients.some(({ socket }) => socket.closed)).toBe(true))
    const replies = clients.map(async (client) => {
      const reply = await client.readHex(4).catch(() => 'none')
      client.reset()
      return reply
    })
    const served = (await Promise.all(replies)).filter((reply) => reply !== 'none')
    expect(new Set(served)).toEqual(new Set(['05000500']))
    expect(served.length).toBeGreaterThanOrEqual(engine === 'linux' ? 160 : 55)
    expect(shortages(daemon.stderr)).toBe(0)
  })

  test.each(mostTellingOf([26, 100]))(
    'with a limit of %i descriptors it does not start, and says why in one line',
    async (limit) => {
      const args = ['--engine', engine, '--workers', '4']
      const daemon = await spawnDaemon(args, { program: fewDescriptors, env: { DESCRIPTORS: `${limit}` } })
      const { status, stdout, stderr } = await daemon.ended
      expect([status, stdout]).toEqual([1, ''])
      expect(stderr).toMatch(/^proxyd: this process may have .*: raise the limit, .*\n$/)
    },
  )

  test('whoever waits for peers takes no room of associations, and leaves ports to others who wait', async () => {
    const args = ['--engine', engine, '--workers', '1']
    const daemon = await startDaemon(args, { program: fewDescriptors, env: { DESCRIPTORS: '760' } })
    const ask = async (from: string, command: Command) => {
      const client = await connectPeer('127.0.0.1', daemon.port('socks'), from)
      client.write(bytes(greeting, request('0.0.0.0', 0, command)))
      expect(await client.readHex(2)).toBe('0500')
      return client
    }
    const replies: string[] = []
    // There is room for some 210 clients.
    while (replies.length < 190 && replies.at(-1) !== '05010001')
      replies.push(await (await ask('127.0.0.1', Command.bind)).readHex(4))
    // More than there may be sockets beside the two of a connection, of which what listens is one.
    expect(replies.length).toBeGreaterThan(150)
    expect(replies.at(-1)).toBe('05010001')
    await daemon.logs(/BINDs are refused/)
    await expectReply(await ask('127.0.0.2', Command.bind), succeeded)
    await expectReply(await ask('127.0.0.2', Command.udpAssociate), succeeded)
  })

  test('it refuses one more association of a client that has most of what there may be, and still serves others', async () => {
    const args = ['--engine', engine, '--workers', '1']
    const daemon = await startDaemon(args, { program: fewDescriptors, env: { DESCRIPTORS: '760' } })
    const associate = async (from: string) => {
      const control = await connectPeer('127.0.0.1', daemon.port('socks'), from)
      control.write(bytes(greeting, request('0.0.0.0', 0, Command.udpAssociate)))
      expect(await control.readHex(2)).toBe('0500')
      return control
    }
    /** As many as there may be from one address, until one is refused. */
    const fill = async (from: string) => {
      for (const held: Peer[] = []; ; ) {
        const control = await associate(from)
        const head = await control.readHex(4)
        if (head === '05010001') return held
        expect(head).toBe('05000001')
        held.push(control)
      }
    }
    const greedy = await fill('127.0.0.1')
    const others = [await fill('127.0.0.2'), await fill('127.0.0.3')]
    const shares = [greedy, ...others].map(({ length }) => length)
    expect(shares[0]).toBeGreaterThan(24)
    for (const [i, share] of others.entries()) expect(share.length).toBeGreaterThan((shares[i] ?? 0) / 5)
    await daemon.logs(/associations are refused/)
    for (const control of greedy) control.reset()
    await eventually(async () => {
      await expectReply(await associate('127.0.0.1'), succeeded)
    })
  })
})
