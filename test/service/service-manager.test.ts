import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { setImmediate } from 'node:timers/promises'
import { afterEach, expect, test, vi } from 'vitest'
import { forSuccessor, ServiceManager, takeVariables } from '../../daemon/service/service-manager.ts'
import { descriptorOf } from '../../daemon/sockets/handed-sockets.ts'
import { eventually } from '../helpers/eventually.ts'
import { connectPeer } from '../helpers/peer.ts'
import { startServiceManager } from '../helpers/service-manager.ts'

afterEach(() => void vi.useRealTimers())

const given = {
  HOME: '/root',
  NOTIFY_SOCKET: '/n',
  WATCHDOG_USEC: '3000000',
  WATCHDOG_PID: '7',
  LISTEN_PID: '7',
  LISTEN_FDS: '3',
  LISTEN_FDNAMES: 'socks:control',
}

test('variables count for the process that they name, and no child gets them', () => {
  const environment = { ...given }
  expect(takeVariables(environment, 7)).toEqual({
    notifySocket: '/n',
    watchdog: 3000,
    sockets: ['socks', 'control', ''],
  })
  expect(environment).toEqual({ HOME: '/root' })
  expect(takeVariables({ ...given, LISTEN_FDS: '1e12' }, 7).sockets).toHaveLength(65_536)
  expect(takeVariables({ ...given }, 8)).toEqual({ notifySocket: '/n', watchdog: undefined, sockets: [] })
  const { HOME, NOTIFY_SOCKET, WATCHDOG_USEC } = given
  expect(forSuccessor(given)).toEqual({ HOME, NOTIFY_SOCKET, WATCHDOG_USEC })
})

test('signs of life are as far apart as a timer can have them, and leave time for other things', async () => {
  const period = vi.spyOn(globalThis, 'setInterval')
  const periodOf = (usec: string, notifySocket: string | undefined) => {
    period.mockClear()
    const { watchdog } = takeVariables({ ...given, WATCHDOG_USEC: usec }, 7)
    const manager = new ServiceManager({ notifySocket, watchdog, sockets: [] }, () => {})
    manager.watch(async () => {})
    manager.leave(1)
    return period.mock.calls[0]?.[1]
  }
  expect(periodOf('1e308', '/nowhere')).toBe(2 ** 31 - 1)
  expect(periodOf('1', '/nowhere')).toBe(10)
  for (const usec of ['0', '-1', 'x', '', 'NaN']) expect(periodOf(usec, '/nowhere')).toBeUndefined()
  expect(periodOf('3000000', undefined)).toBeUndefined()
  period.mockRestore()
})

test.runIf(process.platform === 'linux')(
  'there are signs of life as long as all answers, until another takes over',
  async () => {
    vi.useFakeTimers({ toFake: ['setInterval'] })
    const { path, heard } = await startServiceManager()
    const hears = async (count: number) => {
      while (heard().length < count) await setImmediate()
      expect(heard()).toEqual(Array(count).fill('WATCHDOG=1'))
    }
    const warn = vi.fn()
    const manager = new ServiceManager({ notifySocket: path, watchdog: 200, sockets: [] }, warn)
    const answers = [Promise.resolve(), Promise.resolve(), new Promise(() => {})]
    const asked = vi.fn(async () => answers.shift())
    manager.watch(asked)
    await hears(1)
    vi.advanceTimersByTime(99)
    expect(asked).toHaveBeenCalledOnce()
    vi.advanceTimersByTime(1)
    await hears(2)
    vi.advanceTimersByTime(10_000)
    expect(asked).toHaveBeenCalledTimes(3)
    await manager.status('well')
    expect(heard()).toEqual(['WATCHDOG=1', 'WATCHDOG=1', 'STATUS=well'])
    manager.leave(9)
    await manager.status('gone')
    const told = manager.told()
    await eventually(() => expect(heard().slice(3)).toEqual(['MAINPID=9', 'BARRIER=1']))
    await told
    expect(warn).not.toHaveBeenCalled()
  },
)

test.runIf(process.platform === 'linux')(
  'a systemd that does not listen is told of in the log, and holds up nothing',
  async () => {
    const file = process.execPath
    for (const [notifySocket, why] of [
      ['/nowhere', 'nobody listens at NOTIFY_SOCKET (/nowhere)'],
      ['@nowhere', 'nobody listens at NOTIFY_SOCKET (@nowhere)'],
      [file, `nobody listens at NOTIFY_SOCKET (${file})`],
      [`/${'x'.repeat(107)}`, expect.stringMatching(/^the path of .* is longer than that of a socket can be$/)],
    ] as const) {
      const warn = vi.fn()
      const manager = new ServiceManager({ notifySocket, watchdog: undefined, sockets: [] }, warn)
      await manager.ready('serves')
      // Signs of life come again and again.
      await manager.status('well')
      expect(warn.mock.calls.map(([text]) => text.replace('systemd does not hear READY=1: ', ''))).toEqual([why])
    }
  },
)

test.runIf(process.platform === 'linux')(
  'what it is told has been dealt with once it says so, or after a second',
  async () => {
    const { path, heard } = await startServiceManager({ busy: true })
    const manager = new ServiceManager({ notifySocket: path, watchdog: undefined, sockets: [] }, () => {})
    const server = createServer()
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const { port } = server.address() as AddressInfo
    await manager.keep([{ role: 'socks', address: '127.0.0.1', port, fd: descriptorOf(server) }])
    server.close()
    await once(server, 'close')
    // What it keeps is still open in what it has not read.
    const client = await connectPeer('127.0.0.1', port)
    client.reset()
    let isOver = false
    const told = manager.told().then(() => {
      isOver = true
    })
    for (let turn = 0; turn < 10; turn++) await setImmediate()
    expect(isOver).toBe(false)
    await eventually(() => expect(heard().at(-1)).toBe('BARRIER=1'))
    await told
    await expect(connectPeer('127.0.0.1', port)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  },
)
