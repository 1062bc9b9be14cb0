import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { greeted, started } from '../control/raw-client.ts'
import { connectThrough } from '../helpers/connect-through.ts'
import { startEcho } from '../helpers/echo.ts'
import { eventually } from '../helpers/eventually.ts'
import { freePort } from '../helpers/free-port.ts'
import { mostTelling } from '../helpers/most-telling.ts'
import { connectPeer, type Peer } from '../helpers/peer.ts'
import { startUnit, type Unit } from '../helpers/systemd.ts'

const isRoot = process.getuid?.() === 0

/** Flags for sockets on these ports of 127.0.0.1 alone. */
const on = (socks: number, control: number) => [
  '-l',
  '127.0.0.1',
  '-p',
  String(socks),
  '-L',
  '127.0.0.1',
  '-P',
  String(control),
]

async function echoes(peer: Peer): Promise<void> {
  peer.write('sound')
  expect(await peer.readText(5)).toBe('sound')
  peer.finish()
}

function threadStates(pid: number) {
  const threads = `/proc/${pid}/task`
  return readdirSync(threads).map((one) => /\) (\S)/.exec(readFileSync(`${threads}/${one}/stat`, 'latin1'))?.[1])
}

async function operate(unit: Unit) {
  const client = await greeted({ path: join(unit.runtime, 'proxyd.sock') })
  await started(client)
  return client
}

describe.runIf(process.platform === 'linux').each(mostTelling)('with the %s engine, under systemd,', (engine) => {
  const flags = ['--engine', engine, '--workers', '2']

  test('it takes the sockets that it is given, and says how it does', async () => {
    const [socks, control, forward, echo] = [await freePort(), await freePort(), await freePort(), await startEcho()]
    const own = { address: '127.0.0.1', ...(isRoot && { uid: 65_534 }) }
    const unit = await startUnit([...flags, ...on(socks, control), '--forward', `${forward}=127.0.0.1:${echo}`], {
      // Another user's, as systemd's are: of such a port no loop gets a socket of its own.
      sockets: [
        { name: 'socks', port: socks, ...own },
        { name: 'control', port: control, ...own },
        { name: 'forward-1', port: forward, ...own },
      ],
      watchdog: 400,
    })
    await unit.hears(new RegExp(`^READY=1\nSTATUS=proxyd \\S+ serves SOCKS on 127\\.0\\.0\\.1:${socks}$`))
    await unit.hears('WATCHDOG=1')
    for (let i = 0; i < 8; i++) await echoes(await connectThrough(socks, { host: '127.0.0.1', port: echo }))
    await echoes(await connectPeer('127.0.0.1', forward))
    const environment = readFileSync(`/proc/${unit.pid()}/environ`, 'latin1')
    expect(environment).toContain('LISTEN_FDS=3')

    process.kill(unit.pid(), 'SIGHUP')
    await unit.hears(/^RELOADING=1\nMONOTONIC_USEC=\d+$/)
    await eventually(() => expect(unit.heard.filter((line) => line.startsWith('READY=1'))).toHaveLength(2))
    const [reloading] = unit.heard.flatMap((line) => /MONOTONIC_USEC=(\d+)/.exec(line)?.[1] ?? [])
    const uptime = Number(readFileSync('/proc/uptime', 'latin1').split(' ')[0]) * 1e6
    expect(Math.abs(Number(reloading) - uptime)).toBeLessThan(600e6)

    // Whoever comes while it drains waits at the sockets, which are systemd's, and which no process can bind again.
    const held = await connectThrough(socks, { host: '127.0.0.1', port: echo })
    for (const generation of [1, 2]) {
      const operator = await operate(unit)
      expect((await operator.call('status.get')).result).toMatchObject({ generation })
      expect((await operator.call('daemon.drain')).error).toBeUndefined()
      const [waits, forwarded] = [await connectPeer('127.0.0.1', socks), await connectPeer('127.0.0.1', forward)]
      expect((await operator.call('daemon.undrain')).error).toBeUndefined()
      waits.write('\x05\x01\x00')
      expect(await waits.readHex(2)).toBe('0500')
      await echoes(forwarded)
      await echoes(await connectThrough(socks, { host: '127.0.0.1', port: echo }))
      if (generation === 1) expect((await operator.call('daemon.upgrade')).error).toBeUndefined()
    }
    expect(unit.heard.filter((line) => line.includes('FDNAME=kept-socks'))).not.toContainEqual(/^FDSTORE=/)
    await echoes(held)

    await (await operate(unit)).call('daemon.shutdown')
    await unit.hears('STOPPING=1')
    await eventually(() => expect(unit.ended).toContain(0))
  })

  test('a crash loses no client', async () => {
    const [socks, control, echo] = [await freePort(), await freePort(), await startEcho()]
    const unit = await startUnit([...flags, ...on(socks, control)], { restart: true })
    await unit.hears(/^FDSTORE=1\nFDNAME=kept-socks \d$/)
    await unit.hears(/^FDSTORE=1\nFDNAME=kept-control 1$/)
    const first = unit.pid()
    process.kill(first, 'SIGSTOP')
    await eventually(() => expect(new Set(threadStates(first))).toEqual(new Set(['T'])))
    const waiting = Promise.all(
      Array.from({ length: 20 }, async () => echoes(await connectThrough(socks, { host: '127.0.0.1', port: echo }))),
    )
    process.kill(first, 'SIGKILL')
    await waiting
    expect(unit.ended).toEqual([-9])
    await echoes(await connectThrough(socks, { host: '127.0.0.1', port: echo }))
    expect((await (await operate(unit)).call('status.get')).result).toMatchObject({ pid: unit.pid(), generation: 1 })
    expect(unit.pid()).not.toBe(first)
  })
})

describe.runIf(process.platform === 'linux')('under systemd', () => {
  test('sockets that no setting wants are a clear error', async () => {
    const wrong = [
      ['socks', /hands over socks on 127\.0\.0\.1:\d+, and the settings do not: have socks-addr and socks-port/],
      ['proxyd.socket', /as "proxyd\.socket" is none of socks, forward-1 and so on/],
      ['forward-2', /hands over forward-2 on 127\.0\.0\.1:\d+, and the settings do not: have forward name/],
    ] as const
    for (const [name, message] of wrong) {
      const [socks, control, port] = [await freePort(), await freePort(), await freePort()]
      const unit = await startUnit(on(socks, control), { sockets: [{ address: '127.0.0.1', name, port }] })
      await eventually(() => expect(unit.ended, unit.stderr()).toEqual([1]))
      expect(unit.stderr()).toMatch(message)
    }
  })

  test('an upgrade hands over what is kept, and says so', async () => {
    const [socks, control, echo] = [await freePort(), await freePort(), await startEcho()]
    const unit = await startUnit(['--workers', '1', ...on(socks, control)], { watchdog: 60_000 })
    await unit.hears(/kept-control 1$/)
    const before = unit.heard.length
    const { pid } = (await (await operate(unit)).call('daemon.upgrade')).result
    await unit.hears(`MAINPID=${pid}`)
    await eventually(() => {
      const since = unit.heard.slice(before).map((line) => line.split('\n')[0])
      expect(since).toEqual(expect.arrayContaining(['READY=1', 'WATCHDOG=1', 'FDSTORE=1', 'FDSTOREREMOVE=1']))
    })
    await echoes(await connectThrough(socks, { host: '127.0.0.1', port: echo }))
    await (await operate(unit)).call('daemon.shutdown')
    await unit.hears('STOPPING=1')
  })
})
