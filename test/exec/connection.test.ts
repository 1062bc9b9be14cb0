import { expect, onTestFinished, test, vi } from 'vitest'
import { connectionTo } from '../../tui/exec/connection.ts'
import { startFakeDaemon } from './fake-daemon.ts'

test('an answer is waited for as long as the hashing of passwords may take', async () => {
  const daemon = await startFakeDaemon(() => ({ changes: [], cut: 0 }))
  const place = { kind: 'unix', path: daemon.path } as const
  const times = { timeoutMs: 10_000, hashMs: 1_000, upgradeMs: 70_000 }
  const connection = connectionTo({ name: 'fake', places: [place], readOnly: false }, times, async () => '')
  onTestFinished(() => connection.close())
  await connection.call('status.get', {})
  const waited = vi.spyOn(AbortSignal, 'timeout')
  onTestFinished(() => waited.mockRestore())
  const users = ['a', 'b', 'c'].map((name) => ({ name, password: 'x' }))
  await connection.call('transfer.import', { users, dryRun: true })
  await connection.call('transfer.import', { users: [...users, { name: 'd', hash: 'x' }], dryRun: false })
  await connection.call('daemon.upgrade', {})
  expect(waited.mock.calls).toEqual([[10_000], [13_000], [70_000]])
})
