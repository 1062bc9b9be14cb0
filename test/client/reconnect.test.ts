import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { type DaemonLink, followDaemon, type Target } from '../../tui/client/index.ts'
import { pauseAfter } from '../../tui/client/reconnect.ts'
import { entered } from '../control/raw-client.ts'
import { startControl } from '../control/start-control.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'
import { tcpTarget, unixTarget } from './open-client.ts'
import { reaches } from './reaches.ts'

/** Follow a daemon until the test ends. */
function follow(target: Target): DaemonLink {
  const link = followDaemon(target)
  onTestFinished(() => link.stop())
  return link
}

it('goes online', async () => {
  const link = follow(tcpTarget(await startControl()))
  expect(link.state).toEqual({ status: 'connecting' })
  const { client } = await reaches(link, 'online')
  expect(client.role).toBe('admin')
})

it('finds the daemon again after its restart, by its new cookie, without being asked', async () => {
  const first = await startControl()
  const link = follow(tcpTarget(first))
  const before = await reaches(link, 'online')
  await first.server.close()
  const offline = await reaches(link, 'offline')
  expect(offline.reason).toMatchObject({ kind: 'lost', message: expect.stringContaining('the daemon ends') })
  expect(offline.retryAt).toBeGreaterThan(Date.now() - 1000)

  const listen = [{ address: '127.0.0.1', port: first.port }]
  await startControl({ runtimeDirectory: first.runtimeDirectory, listen, instance: 'second' })
  const after = await reaches(link, 'online')
  expect([before.client.instance, after.client.instance]).toEqual(['test', 'second'])
})

it('tells of each change in order, until told to stop', async () => {
  const control = await startControl()
  const link = follow(unixTarget(control))
  const seen: string[] = []
  const stop = link.subscribe(({ status }) => void seen.push(status))
  await reaches(link, 'online')
  await control.server.close()
  await reaches(link, 'offline')
  link.retry()
  stop()
  await reaches(link, 'offline')
  expect(seen).toEqual(['online', 'offline', 'connecting'])
})

it('does not try a refused login again by itself', async () => {
  const control = await startControl({ limits: { loginFailureDelay: 1 } })
  const cookieFile = join(await temporaryFolder(), 'cookie')
  writeFileSync(cookieFile, '0'.repeat(64), { mode: 0o600 })
  const link = follow({ ...tcpTarget(control), cookieFile })
  expect((await reaches(link, 'refused')).reason.kind).toBe('login')

  const failures = control.log.length
  link.retry()
  expect(link.state.status).toBe('connecting')
  await reaches(link, 'refused')
  expect(control.log).toHaveLength(failures + 1)
})

it('tries at once when asked to, if offline', async () => {
  const control = await startControl()
  await control.server.close()
  const link = follow(unixTarget(control))
  await reaches(link, 'offline')
  await startControl({ runtimeDirectory: control.runtimeDirectory })
  link.retry()
  const { client } = await reaches(link, 'online')
  link.retry()
  expect(link.state).toEqual({ status: 'online', client })
})

it('closes its connection when stopped, and tells nobody', async () => {
  const link = follow(unixTarget(await startControl()))
  const { client } = await reaches(link, 'online')
  link.subscribe(() => expect.unreachable())
  link.stop()
  expect(await client.closed).toMatchObject({ kind: 'closed' })
})

it('leaves no connection behind when stopped while connecting', async () => {
  const control = await startControl({ limits: { clients: 1 } })
  followDaemon(unixTarget(control)).stop()
  const hasRoom = () =>
    entered(control).then(
      () => true,
      () => false,
    )
  await expect.poll(hasRoom).toBe(true)
})

it('does not try again once stopped, even if asked to', async () => {
  const control = await startControl()
  await control.server.close()
  const link = follow(unixTarget(control))
  const offline = await reaches(link, 'offline')
  link.stop()
  link.retry()
  expect(link.state).toBe(offline)
})

it('waits half a second at first, then twice as long each time up to ten seconds, never quite the same', () => {
  expect([0, 1, 2, 3, 4, 5, 50].map((failures) => pauseAfter(failures, 0))).toEqual([
    500, 1000, 2000, 4000, 8000, 10_000, 10_000,
  ])
  expect(pauseAfter(0, 1)).toBeCloseTo(333, 0)
  expect(pauseAfter(2000, 0.5)).toBeLessThan(10_000)
})

it('stops when the signal aborts, before and after it has connected', async () => {
  const control = await startControl()
  const stopped = followDaemon(unixTarget(control), { signal: AbortSignal.abort() })
  expect(stopped.state).toEqual({ status: 'connecting' })
  const giveUp = new AbortController()
  const link = followDaemon(unixTarget(control), { signal: giveUp.signal })
  const { client } = await reaches(link, 'online')
  giveUp.abort()
  expect(await client.closed).toMatchObject({ code: 'closed' })
})
