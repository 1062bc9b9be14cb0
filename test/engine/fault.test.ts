import { cpSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import type { Connection, LogEntry } from '../../shared/protocol/methods.ts'
import type { RawClient } from '../control/raw-client.ts'
import { connectThrough } from '../helpers/connect-through.ts'
import { type Daemon, startDaemon } from '../helpers/daemon.ts'
import { eventually } from '../helpers/eventually.ts'
import { mostTellingOf } from '../helpers/most-telling.ts'
import { operate } from '../helpers/operate.ts'
import { connectPeer, type Peer } from '../helpers/peer.ts'
import { greeting, request } from '../helpers/socks-client.ts'
import { startTarget, type Target } from '../helpers/target.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'

const failing = fileURLToPath(new URL('../helpers/failing.ts', import.meta.url))
/** Enough for each loop to have some. */
const downloads = 12

function startFailing(fault: string, ...args: string[]): Promise<Daemon> {
  const env = { FAULT: fault, NODE_OPTIONS: `--import=${failing}` }
  return startDaemon(['--workers', '2', ...args], { env })
}

interface Download {
  readonly client: Peer
  readonly server: Peer
  isOver: boolean
}

async function download(daemon: Daemon, target: Target): Promise<Download[]> {
  const begun: Download[] = []
  for (let i = 0; i < downloads; i++) {
    const client = await connectThrough(daemon.port('socks'), target)
    const server = await target.next()
    server.write('half of it')
    await client.readText(10)
    begun.push({ client, server, isOver: false })
  }
  for (const each of begun) void each.client.ending.then(() => (each.isOver = true))
  return begun
}

/** Has one loop die, perhaps with some downloads. */
async function kill(daemon: Daemon, time: number): Promise<void> {
  daemon.signal('SIGWINCH')
  await daemon.logs(new RegExp(`(^faulty$[^]*){${time}}`, 'm'))
  const client = await connectPeer('127.0.0.1', daemon.port('socks'))
  client.write(greeting)
  await client.read(2)
  client.write(request(`name-${time}.test`, 9))
  expect(await client.discard()).toBe('ECONNRESET')
}

const engines = process.platform === 'linux' ? ['portable', 'linux'] : ['portable']

describe.each(engines)('%s engine: a fault in the main thread', (engine) => {
  it('ends the process, and no broken stream looks whole to either side', async () => {
    const daemon = await startFailing('main', '--engine', engine)
    const all = await download(daemon, await startTarget())
    daemon.signal('SIGWINCH')
    expect((await daemon.ended).status).not.toBe(0)
    const ends = await Promise.all(all.flatMap(({ client, server }) => [client.discard(), server.discard()]))
    expect(new Set(ends)).toEqual(new Set(['ECONNRESET']))
  })
})

describe.runIf(process.platform === 'linux')('linux engine: a loop', () => {
  const causes: [string, string, RegExp][] = [
    ['an error', 'error', /TypeError/],
    ['a full heap', 'memory', /ERR_WORKER_OUT_OF_MEMORY/],
    ['the end of its thread', 'exit', /its thread ended/],
  ]
  it.each(mostTellingOf(causes))(
    'that dies of %s is replaced, its connections reset and told of, and others go on',
    async (_, fault, cause) => {
      const daemon = await startFailing(fault, '--metrics-addr', '0')
      const admin = await operate(daemon)
      const target = await startTarget()
      const all = await download(daemon, target)
      await kill(daemon, 1)
      const dead = await resetOf(admin, all)
      for (const { client, server } of dead)
        expect([await client.discard(), await server.discard()]).toEqual(['ECONNRESET', 'ECONNRESET'])
      for (const { client, server, isOver } of all.filter((each) => !dead.includes(each))) {
        expect(isOver).toBe(false)
        server.write('the rest')
        expect(await client.readText(8)).toBe('the rest')
      }
      await download(daemon, target)

      const { health, sample } = (await admin.call('status.get')).result
      expect(sample).toMatchObject({ connections: 2 * downloads - dead.length, ended: { failed: dead.length + 1 } })
      expect(health.loops.map(({ restarts = 0 }) => restarts).sort()).toEqual([0, 1])
      const metrics = await (await fetch(`http://127.0.0.1:${daemon.port('metrics')}/metrics`)).text()
      expect(
        metrics
          .match(/^proxyd_loop_restarts_total.*$/gm)
          ?.map((line) => Number(line.split(' ')[1]))
          .sort(),
      ).toEqual([0, 1])
      expect(metrics).toContain(`proxyd_sessions_total{command="connect",reason="failed"} ${dead.length + 1}`)
      const { entries } = (await admin.call('log.subscribe', { history: 100 })).result
      const line = entries.find(({ message }: LogEntry) => /^thread [12] of the engine has died: /.test(message))
      expect(line?.message).toContain(`${dead.length + 1} connection`)
      expect(JSON.stringify(line)).toMatch(cause)
      const { events } = (await admin.call('events.list', {})).result
      expect(JSON.stringify(events)).toContain(line?.message)
    },
  )

  it('that dies for the third time within a minute ends the process, which says so', async () => {
    const daemon = await startFailing('error')
    const all = await download(daemon, await startTarget())
    for (const time of [1, 2, 3]) await kill(daemon, time)
    expect(await daemon.ended).toMatchObject({
      status: 1,
      signal: null,
      stderr: expect.stringContaining('3 threads have died within a minute'),
    })
    const ends = await Promise.all(all.flatMap(({ client, server }) => [client.discard(), server.discard()]))
    expect(new Set(ends)).toEqual(new Set(['ECONNRESET']))
  })
})

it.runIf(process.platform === 'linux')('no thread runs another program that has been installed meanwhile', async () => {
  const folder = await temporaryFolder()
  const file = (path: string) => join(folder, path)
  cpSync(new URL('../../dist', import.meta.url), file('dist'), { recursive: true })
  for (const name of ['node_modules', 'package.json'])
    symlinkSync(new URL(`../../${name}`, import.meta.url), file(name))
  const env = { FAULT: 'error', NODE_OPTIONS: `--import=${failing}` }
  const daemon = await startDaemon(['--workers', '1'], { env, program: file('dist/proxyd.js') })
  for (const name of ['compile-thread', 'log-thread', 'worker'])
    writeFileSync(file(`dist/${name}.cjs`), 'throw "of another version"')
  const text = `deny to 192.0.2.1 # ${'x'.repeat(150)}\n`.repeat(200)
  const admin = await operate(daemon)
  expect((await admin.call('rules.apply', { text })).error).toBeUndefined()
  const untold = {
    data: { kind: 'unavailable' },
    message: expect.stringContaining('another program has been installed'),
  }
  expect((await admin.call('access.list')).error).toMatchObject(untold)
  expect((await admin.call('access.subscribe')).error).toMatchObject(untold)
  const { revision } = (await admin.call('config.get')).result
  const wish = { revision, patch: { 'access-log': file('log') } }
  expect((await admin.call('config.set', wish)).error).toMatchObject(untold)
  await kill(daemon, 1)
  expect((await daemon.ended).stderr).toContain('another program has been installed since proxyd began')
})

/** Those of the downloads that live no more, as the daemon tells. */
async function resetOf(admin: RawClient, all: readonly Download[]): Promise<readonly Download[]> {
  await eventually(async () => {
    const { loops } = (await admin.call('status.get')).result.health
    expect(loops.some(({ restarts }: { restarts?: number }) => restarts === 1)).toBe(true)
  })
  const { connections } = (await admin.call('connections.list')).result
  const live = new Set(connections.map(({ client }: Connection) => client))
  return all.filter(({ client }) => !live.has(`127.0.0.1:${client.socket.localPort}`))
}
