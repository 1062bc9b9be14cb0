import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { AccessEntry, Connection, Sample, UsageRow, User } from '../../shared/protocol/methods.ts'
import type { RawClient } from '../control/raw-client.ts'
import { letIn } from '../engine/endings/crowd.ts'
import { atOnce, endAsAsked, startForCrowd } from '../helpers/crowd-daemon.ts'
import { type Daemon, startDaemon } from '../helpers/daemon.ts'
import { eventually } from '../helpers/eventually.ts'
import { operate } from '../helpers/operate.ts'
import { connectPeer } from '../helpers/peer.ts'
import { expectReply, greetingForLogin, login, request, succeeded } from '../helpers/socks-client.ts'
import { startTarget, type Target } from '../helpers/target.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'

const total = Number(process.env.SUMS_COUNT ?? 50_000)

interface Sums {
  up: number
  down: number
  connections: number
}

/** Sums of entries by user; the empty name is nobody's. */
function byUser(entries: readonly Pick<AccessEntry, 'user' | 'up' | 'down'>[]): Record<string, Sums> {
  const groups = Map.groupBy(entries, ({ user }) => user ?? '')
  return Object.fromEntries([...groups].map(([user, theirs]) => [user, sumOf(theirs)]))
}

function sumOf(entries: readonly Pick<AccessEntry, 'up' | 'down'>[]): Sums {
  const sum = (way: 'up' | 'down') => entries.reduce((bytes, entry) => bytes + entry[way], 0)
  return { up: sum('up'), down: sum('down'), connections: entries.length }
}

/** All entries of a log and its older files. */
function entriesIn(file: string): AccessEntry[] {
  const texts: string[] = []
  for (let number = 0; ; number++) {
    try {
      texts.push(readFileSync(number === 0 ? file : `${file}.${number}`, 'utf8'))
    } catch {
      break
    }
  }
  return texts.flatMap((text) =>
    text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line)),
  )
}

function countReasons(entries: readonly Pick<AccessEntry, 'reason'>[]): Record<string, number> {
  const groups = Map.groupBy(entries, ({ reason }) => String(reason))
  return Object.fromEntries([...groups].map(([reason, { length }]) => [reason, length]))
}

async function sampleOf(operator: RawClient): Promise<Sample> {
  return (await operator.call('status.get')).result.sample
}

/** Gathers what is told to one who follows the access log. */
async function follow(daemon: Daemon): Promise<{ entries: AccessEntry[]; missed(): number }> {
  const client = await operate(daemon)
  await client.call('access.subscribe')
  const entries: AccessEntry[] = []
  let missed = 0
  const gather = async () => {
    for (let line = await client.next(); line; line = await client.next()) {
      if (line.method !== 'access.entries') continue
      entries.push(...line.params.entries)
      missed += line.params.missed
    }
  }
  void gather()
  return { entries, missed: () => missed }
}

/** A connection of `exact` that has moved so many bytes, and stays. */
async function stay(daemon: Daemon, target: Target, up: number, down: number): Promise<void> {
  const client = await connectPeer('127.0.0.1', daemon.port('socks'))
  client.write(greetingForLogin)
  await client.read(2)
  client.write(login('exact', 'secret'))
  expect(await client.readHex(2)).toBe('0100')
  client.write(request(target.host, target.port))
  await expectReply(client, succeeded)
  const server = await target.next()
  client.write(Buffer.alloc(up))
  await server.read(up)
  server.write(Buffer.alloc(down))
  await client.read(down)
}

// Only Linux has all of 127.0.0.0/8 on its loopback, where the crowd comes from.
describe.runIf(process.platform === 'linux').each(['linux', 'portable'])('with the %s engine', (engine) => {
  it(`${total} sessions of every kind of ending come to the same sums wherever they are told`, async () => {
    const file = join(await temporaryFolder(), 'access.log')
    const daemon = await startForCrowd(engine, file)
    const operator = await operate(daemon)
    const followed = await follow(daemon)
    const end = new AbortController()
    const ending = endAsAsked(daemon, end.signal)
    onTestFinished(() => end.abort())
    const crowd = async (share: number, exactOnly: boolean) => {
      const count = Math.round(total * share)
      const expected = (await sampleOf(operator)).accepted + count
      const report = await letIn({ port: daemon.port('socks'), count, atOnce, exactOnly })
      expect(report.done).toBe(count)
      // Who guesses may have no answer in time, where all are in a hurry: however it went, the sums are to agree.
      if (exactOnly) expect(report.failures).toEqual([])
      // The last ones may have gone before they were accepted.
      await eventually(async () =>
        expect(await sampleOf(operator)).toMatchObject({ accepted: expected, connections: 0 }),
      )
      return report
    }

    const exact = await crowd(0.2, true)
    expect([exact.up.received, exact.down.received]).toEqual([exact.up.sent, exact.down.sent])
    const sums = { up: exact.up.sent, down: exact.down.sent, connections: Math.round(total * 0.2) }
    const known = await sampleOf(operator)
    expect(known).toMatchObject({ up: sums.up, down: sums.down })
    await eventually(() => expect(byUser(followed.entries)).toEqual({ exact: sums }))

    const rest = await crowd(0.8, false)
    const sample = await sampleOf(operator)
    for (const way of ['up', 'down'] as const) {
      expect(sample[way] - known[way]).toBeLessThanOrEqual(rest[way].sent)
      expect(sample[way] - known[way]).toBeGreaterThanOrEqual(rest[way].received)
    }
    end.abort()
    await ending
    // Some go on, and are cut at the end.
    const target = await startTarget()
    for (let i = 1; i <= 5; i++) await stay(daemon, target, 1000 * i, 70_000 * i)
    const live: Connection[] = (await operator.call('connections.list')).result.connections
    expect(byUser(live)).toEqual({ exact: { up: 15_000, down: 1_050_000, connections: 5 } })

    const rows: User[] = (await operator.call('users.list')).result.users
    const ended = { ...(await sampleOf(operator)).ended }
    expect(await sampleOf(operator)).toMatchObject({
      up: sample.up + 15_000,
      down: sample.down + 1_050_000,
      connections: 5,
    })
    expect((await daemon.stop()).status).toBe(0)

    const entries = entriesIn(file)
    const logged = byUser(entries)
    expect(new Set(entries.map(({ id }) => id)).size).toBe(total + 5)
    expect(countReasons(entries)).toEqual({ ...ended, ended: (ended.ended ?? 0) + 5 })
    expect(sumOf(entries)).toEqual({
      up: sample.up + 15_000,
      down: sample.down + 1_050_000,
      connections: sample.accepted + 5,
    })
    for (const { name, up, down } of rows) expect(logged[name]).toMatchObject({ up, down })
    expect(followed.missed()).toBe(0)
    expect(byUser(followed.entries.filter(({ reason }) => reason !== 'ended'))).toEqual(
      byUser(entries.filter(({ reason }) => reason !== 'ended')),
    )

    // What users have used outlasts the daemon.
    const next = await operate(await startDaemon(['--engine', engine], { folders: daemon.folders }))
    const { usage } = (await next.call('usage.list', { by: 'user' })).result
    const used = usage.map(({ user, up, down, connections }: UsageRow) => [user ?? '', { up, down, connections }])
    expect(Object.fromEntries(used)).toEqual(logged)
  }, 900_000)
})
