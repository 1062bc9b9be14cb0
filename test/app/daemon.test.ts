import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { RpcError } from '../../shared/protocol/errors.ts'
import type { User } from '../../shared/protocol/methods.ts'
import { Daemon } from '../../tui/app/link/daemon.ts'
import { Store } from '../../tui/app/store/store.ts'
import { usersView } from '../../tui/app/tables/view.ts'
import type { Client, DaemonLink } from '../../tui/client/index.ts'
import { sampleOf } from '../helpers/sample.ts'
import { unlimited } from '../helpers/user-row.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const bob: User = { name: 'bob', enabled: true, stored: true, created: 0, connections: 0, up: 0, down: 0, ...unlimited }
const eve: User = { ...bob, name: 'eve' }

/** A daemon whose connection stands, and which tells what a test wants it to. */
async function connected(users: readonly User[]) {
  const ears = new Map<string, (params: unknown) => void>()
  const asked: string[] = []
  let seq = 0
  const tell = (event: string, params: object) => ears.get(event)?.({ seq: seq++, ...params })
  const instance = { instance: 'one', version: '1.2.3', pid: 7 }
  let status: object | 'silence' = instance
  const closed: unknown[] = []
  const answers: Readonly<Record<string, () => unknown>> = {
    'users.subscribe': () => {
      queueMicrotask(() => tell('users.snapshot', { users, last: true }))
      return {}
    },
    'users.list': () => ({ users: [eve] }),
    'users.remove': () => ({ cut: 0, opened: false }),
    'status.get': () => status !== 'silence' && { ...status, health: { lag: 0, loops: [] }, sample: sampleOf(1) },
    'rules.list': () => ({ revision: 0, rules: [] }),
    'metrics.subscribe': () => ({ samples: [] }),
    'metrics.history': () => {
      throw new RpcError('busy', 'later')
    },
  }
  const client = {
    role: 'admin',
    instance: 'one',
    closed: new Promise<never>(() => {}),
    call: async (method: string) => {
      asked.push(method)
      const answer = answers[method]?.() ?? {}
      return answer === false ? new Promise(() => {}) : answer
    },
    close: (reason: unknown) => closed.push(reason),
    on: (event: string, ear: (params: unknown) => void) => {
      ears.set(event, ear)
      return () => void ears.delete(event)
    },
  } as unknown as Client
  const link = { state: { status: 'online', client }, subscribe: () => () => {}, stop: () => {} }
  const store = new Store(['here'], 4)
  const daemon = new Daemon(link as unknown as DaemonLink, store, 0, false)
  await vi.advanceTimersByTimeAsync(1000)
  const names = () => usersView(store.state).rows.map(({ user }) => user.name)
  const become = (other: object | 'silence') => {
    status = other === 'silence' ? other : { ...instance, ...other }
  }
  return { daemon, store, asked, closed, tell, names, become }
}

test('the users are followed, and not listed however long nothing is done here', async () => {
  const { daemon, asked, tell, names, store } = await connected([bob])
  expect(names()).toEqual(['bob'])
  tell('users.changed', { changed: [eve], moved: [['bob', 3, 5, 7, 0, 0, 0]], removed: [] })
  await vi.advanceTimersByTimeAsync(1000)
  expect(names()).toEqual(['bob', 'eve'])
  expect(usersView(store.state).rows[0]?.user).toMatchObject({ connections: 3, up: 5, down: 7 })
  tell('users.changed', { changed: [], moved: [], removed: ['bob'] })
  await vi.advanceTimersByTimeAsync(10_000)
  expect(names()).toEqual(['eve'])
  expect(asked.filter((method) => method === 'status.get').length).toBeGreaterThan(4)
  expect(asked).not.toContain('users.list')
  daemon.stop()
})

test('what is done here shows at once, before the daemon tells of it', async () => {
  const { daemon, asked, names } = await connected([bob, eve])
  const performed = daemon.perform({ verb: 'deluser', values: ['bob'] })
  await vi.advanceTimersByTimeAsync(300)
  expect(await performed).toMatchObject({ done: true, text: 'deleted bob, cut 0 connections; u undoes' })
  expect(names()).toEqual(['eve'])
  expect(asked.filter((method) => method === 'users.list')).toHaveLength(1)
  daemon.stop()
})

test('whether a password is required is asked again once users come or go, not when bytes move', async () => {
  const { daemon, asked, tell } = await connected([bob])
  const looks = () => asked.filter((method) => method === 'status.get').length
  const before = looks()
  tell('users.changed', { changed: [], moved: [['bob', 1, 1, 1, 0, 0, 0]], removed: [] })
  await vi.advanceTimersByTimeAsync(100)
  expect(looks()).toBe(before)
  tell('users.changed', { changed: [], moved: [], removed: ['bob'] })
  await vi.advanceTimersByTimeAsync(100)
  expect(looks()).toBe(before + 1)
  daemon.stop()
})

test('a daemon that does not answer what it is asked is reached anew, and then asked again', async () => {
  const { daemon, closed, become } = await connected([bob])
  become('silence')
  await vi.advanceTimersByTimeAsync(40_000)
  expect(closed).toEqual([])
  await vi.advanceTimersByTimeAsync(10_000)
  expect(closed).toEqual([expect.objectContaining({ code: 'silent', message: expect.stringContaining('status.get') })])
  daemon.stop()
})

test.each([
  [{ instance: 'two', generation: 2 }, 'the daemon has been upgraded, and live connections go on: proxyd 1.2.3, pid 7'],
  [{ instance: 'two' }, 'the daemon has been started anew: proxyd 1.2.3, pid 7'],
])('that %j serves now is said once', async (other, said) => {
  const { daemon, store, become } = await connected([bob])
  expect(store.state.toasts.history).toEqual([])
  become(other)
  await vi.advanceTimersByTimeAsync(10_000)
  expect(store.state.toasts.history).toMatchObject([{ text: said, times: 1 }])
  daemon.stop()
})
