import { copyFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import type { RawClient } from '../control/raw-client.ts'
import { connectThrough } from '../helpers/connect-through.ts'
import { startDaemon, temporaryFolders } from '../helpers/daemon.ts'
import { operate } from '../helpers/operate.ts'
import { run } from '../helpers/programs.ts'
import { exec } from '../helpers/proxy-tui.ts'
import { startTarget } from '../helpers/target.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'

const program = fileURLToPath(new URL('../../dist/proxyd.js', import.meta.url))
const password = 'gravel-tulip-93'
const kills = 100
/** Changes that are confirmed before a kill, at most. */
const mostConfirmed = 25

/** What is kept of one thing; undefined: it is not there. */
type State = object | string | number | undefined

/** A change, and what it leads to. */
interface Change {
  readonly method: string
  readonly params: object
  readonly state: State
}

/** One thing that is changed again and again, a change at a time. */
interface Lane {
  next(state: State, number: number, client: RawClient): Change | Promise<Change>
  read(client: RawClient): Promise<State>
}

function user(name: string): Lane {
  return {
    next(state, number) {
      const now = state as { enabled: boolean; quota: number } | undefined
      if (now === undefined)
        return { method: 'users.add', params: { name, password }, state: { enabled: true, quota: undefined } }
      if (number % 7 === 0) return { method: 'users.remove', params: { name }, state: undefined }
      if (number % 2 === 0) {
        const params = { names: [name], fields: { quota: number } }
        return { method: 'users.set', params, state: { ...now, quota: number } }
      }
      const enabled = !now.enabled
      return { method: 'users.setEnabled', params: { name, enabled }, state: { ...now, enabled } }
    },
    async read(client) {
      const { users } = (await client.call('users.list')).result
      const found = users.find((each: { name: string }) => each.name === name)
      return found && { enabled: found.enabled, quota: found.limits.quota }
    },
  }
}

const group: Lane = {
  next(state, number) {
    const name = 'kids'
    const fields = { 'max-connections': number }
    if (state === undefined) return { method: 'groups.add', params: { name, fields }, state: number }
    if (number % 5 === 0) return { method: 'groups.remove', params: { name }, state: undefined }
    return { method: 'groups.set', params: { name, fields }, state: number }
  },
  async read(client) {
    const { groups } = (await client.call('groups.list')).result
    return groups.find(({ name }: { name: string }) => name === 'kids')?.limits['max-connections']
  },
}

const rules: Lane = {
  next(_, number) {
    const text = `deny to n${number}.example\n`
    return { method: 'rules.apply', params: { text }, state: text }
  },
  read: async (client) => (await client.call('rules.list', { text: true })).result.text || undefined,
}

const setting: Lane = {
  async next(_, number, client) {
    const { revision } = (await client.call('config.get')).result
    const value = 100_000 + number
    return { method: 'config.set', params: { revision, patch: { 'timeout-idle': value } }, state: value }
  },
  async read(client) {
    const { settings } = (await client.call('config.get')).result
    const found = settings.find(({ name }: { name: string }) => name === 'timeout-idle')
    return found.source === 'stored' ? found.value : undefined
  },
}

const ban: Lane = {
  next(state) {
    const source = '192.0.2.1'
    if (state === undefined) return { method: 'bans.add', params: { source }, state: source }
    return { method: 'bans.remove', params: { source }, state: undefined }
  },
  read: async (client) => (await client.call('bans.list')).result.bans[0]?.source,
}

const operator: Lane = {
  next(state, number) {
    const name = 'kim'
    if (state === undefined) {
      return { method: 'operators.add', params: { name, role: 'viewer', password }, state: 'viewer' }
    }
    if (number % 5 === 0) return { method: 'operators.remove', params: { name }, state: undefined }
    const role = state === 'viewer' ? 'operator' : 'viewer'
    return { method: 'operators.setRole', params: { name, role }, state: role }
  },
  read: async (client) => (await client.call('operators.list')).result.operators[0]?.role,
}

const lanes = { ann: user('ann'), bob: user('bob'), group, rules, setting, ban, operator }

/** What a lane may be at: the last that was confirmed, and what was under way. */
interface Standing {
  confirmed: State
  underWay: { readonly state: State } | undefined
  number: number
}

/** Changes it until the daemon is gone. */
async function drive(lane: Lane, standing: Standing, client: RawClient, heard: () => void): Promise<void> {
  for (;;) {
    const change = await lane.next(standing.confirmed, ++standing.number, client)
    standing.underWay = change
    const { result, error } = await client.call(change.method, change.params)
    expect(error).toBeUndefined()
    expect(result.stored).not.toBe(false)
    standing.confirmed = change.state
    standing.underWay = undefined
    heard()
  }
}

it(`nothing that was confirmed is lost by ${kills} kills in the middle of changes`, async () => {
  const folders = await temporaryFolders()
  const standings = new Map(
    Object.keys(lanes).map((name) => [name, { confirmed: undefined, underWay: undefined, number: 0 } as Standing]),
  )
  let undecided = 0
  for (let kill = 0; kill <= kills; kill++) {
    const daemon = await startDaemon(['--workers', '2'], { folders })
    const driven: Promise<unknown>[] = []
    let left = 1 + ((kill * 7) % mostConfirmed)
    const enough = Promise.withResolvers<void>()
    for (const [name, lane] of Object.entries(lanes)) {
      const client = await operate(daemon)
      const standing = standings.get(name) as Standing
      const found = await lane.read(client)
      const expected = [standing.confirmed, ...(standing.underWay ? [standing.underWay.state] : [])]
      expect(expected, `${name} after ${kill} kills`).toContainEqual(found)
      if (standing.underWay) undecided++
      standing.confirmed = found
      standing.underWay = undefined
      if (kill === kills) continue
      const ended = drive(lane, standing, client, () => --left === 0 && enough.resolve())
      // The end of the connection is the kill's; whatever fails before it is a fault.
      driven.push(ended.catch((error: Error) => /connection ended/.test(error.message) || Promise.reject(error)))
    }
    if (kill < kills) await Promise.race([enough.promise, ...driven])
    await daemon.kill()
    await Promise.all(driven)
  }
  expect(undecided).toBeGreaterThan(kills)
  const check = await run(process.execPath, [program, '--check-store', '--state-dir', folders.state])
  expect(check).toMatchObject({ status: 0, stderr: '' })
}, 900_000)

/** Bytes both ways of all users that the disk has, whatever the daemon has not written yet: by a copy, while it runs. */
async function usedOnDisk(state: string): Promise<number> {
  const folder = await temporaryFolder()
  for (const name of ['proxyd.db', 'proxyd.db-wal']) await copyFile(join(state, name), join(folder, name))
  const database = new DatabaseSync(join(folder, 'proxyd.db'))
  try {
    return Number(database.prepare('SELECT total(up + down) AS used FROM usage_hours').get()?.used)
  } finally {
    database.close()
  }
}

it('what users moved is written while they go on, so that a kill loses only what came since', async () => {
  const folders = await temporaryFolders()
  const daemon = await startDaemon(['--workers', '2'], { folders })
  const target = await startTarget()
  const client = await connectThrough(daemon.port('socks'), target)
  const peer = await target.next()
  const moved = 'x'.repeat(100_000)
  client.write(moved)
  await peer.readText(moved.length)
  await expect.poll(() => usedOnDisk(folders.state), { interval: 500 }).toBe(moved.length)
  await daemon.kill()
  const { stdout } = await exec(await startDaemon(['--workers', '2'], { folders }), 'usage --csv')
  expect(stdout).toBe('user,up,down,connections\n(no login),100000,0,0\n')
})
