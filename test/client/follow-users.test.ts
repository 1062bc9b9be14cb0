import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { changeUsers, followUsers, type User } from '../../tui/client/index.ts'
import { startDaemon } from '../helpers/daemon.ts'
import { exec } from '../helpers/proxy-tui.ts'
import { openClient } from './open-client.ts'

test('users are followed from all there are through what comes, changes and goes, until a signal', async () => {
  const daemon = await startDaemon(['-u', 'ann:pw'])
  const client = await openClient({ kind: 'unix', path: join(daemon.folders.runtime, 'proxyd.sock') })
  const users = new Map<string, User>()
  const stop = new AbortController()
  const listener = {
    snapshot: (rows: readonly User[]) => {
      for (const user of rows) users.set(user.name, user)
    },
    changed: vi.fn((changes) => changeUsers(users, changes)),
    failed: (error: unknown) => expect.unreachable(String(error)),
  }
  await followUsers(client, listener, { signal: stop.signal })
  await expect.poll(() => [...users.keys()]).toEqual(['ann'])
  await exec(daemon, 'adduser bob')
  await expect.poll(() => users.get('bob')?.enabled).toBe(true)
  await exec(daemon, 'disable bob')
  await expect.poll(() => users.get('bob')?.enabled).toBe(false)
  await exec(daemon, 'deluser ann')
  await expect.poll(() => [...users.keys()]).toEqual(['bob'])

  stop.abort()
  const heard = listener.changed.mock.calls.length
  // It is heard by whoever follows anew, at once or as a change, and by then whoever has stopped would have heard it.
  await exec(daemon, 'adduser eve')
  const again = new Map<string, User>()
  const snapshot = (rows: readonly User[]) => rows.forEach((user) => void again.set(user.name, user))
  await followUsers(client, { ...listener, snapshot, changed: (changes) => changeUsers(again, changes) })
  await expect.poll(() => again.has('eve')).toBe(true)
  expect(listener.changed.mock.calls).toHaveLength(heard)
})
