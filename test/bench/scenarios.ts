import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Load, OriginPorts, Way } from './load/protocol.ts'
import { runLoad } from './load-runner.ts'
import { cpuSeconds, memoryKiB } from './process-cost.ts'
import { credentials, type Running, type Server, start } from './servers.ts'

/** What is measured: each scenario takes one server through one load and returns its figures by name. */

export type Figures = Record<string, number>

export interface Setting {
  /** Undefined: no proxy at all. */
  readonly server: Server | undefined
  readonly origin: OriginPorts
  /** Another process, for what goes on beside that which is measured. */
  readonly busyOrigin: OriginPorts
  readonly seconds: number
  readonly held: number
}

export interface Scenario {
  readonly name: string
  /** Whether it says anything without a proxy. */
  readonly direct: boolean
  run(setting: Setting): Promise<Figures>
}

const GiB = 2 ** 30
const inFlight = 64

function bulk(direction: 'down' | 'up' | 'both', streams: number): Scenario {
  const name = `${streams} ${streams === 1 ? 'stream' : 'streams'} ${direction}`
  return {
    name,
    direct: true,
    run: (setting) =>
      withServer(setting, false, async (running) => {
        const port = setting.origin[direction === 'down' ? 'source' : direction === 'up' ? 'sink' : 'both']
        const load: Load = { kind: 'bulk', way: way(running, port), streams, direction, seconds: setting.seconds }
        const { end, cpu } = await costOf(running, load)
        const moved = end.bytes.reduce((total, bytes) => total + bytes, 0) / GiB
        return {
          [`${name}, GiB/s`]: moved / end.seconds,
          [`${name}, CPU-s/GiB`]: cpu / moved,
          ...(streams > 1 ? { [`${name}, slowest/fastest`]: Math.min(...end.bytes) / Math.max(...end.bytes) } : {}),
        }
      }),
  }
}

function connections(name: string, options: { password?: boolean; name?: string } = {}): Scenario {
  return {
    name,
    direct: !options.password && !options.name,
    async run(setting) {
      const password = options.password === true
      if (password && setting.server && !setting.server.passwords) return {}
      return withServer(setting, password, async (running) => {
        const target = { ...way(running, setting.origin.short, password), name: options.name }
        const { end, cpu } = await costOf(running, {
          kind: 'connections',
          way: target,
          inFlight,
          seconds: setting.seconds,
        })
        return {
          [`${name}, per second`]: end.connections / end.seconds,
          [`${name}, CPU-µs each`]: (cpu / end.connections) * 1e6,
        }
      })
    },
  }
}

/** Ping-pong alone, and beside four greedy streams. */
function latency(name: string, greedy: number): Scenario {
  return {
    name,
    direct: true,
    run: (setting) =>
      withServer(setting, false, async (running) => {
        const pingpong: Load = { kind: 'pingpong', way: way(running, setting.origin.echo), seconds: setting.seconds }
        const result =
          greedy === 0
            ? await runLoad(pingpong, () => 0)
            : (await runLoad(noise(running, greedy, setting), () => runLoad(pingpong, () => 0))).begin
        const micros = result.end.micros.toSorted((a, b) => a - b)
        const at = (share: number) => micros[Math.floor((micros.length - 1) * share)] ?? Number.NaN
        return { [`${name} p50, µs`]: at(0.5), [`${name} p99, µs`]: at(0.99) }
      }),
  }
}

function noise(running: Running | undefined, streams: number, setting: Setting): Load {
  const seconds = setting.seconds + 1
  return { kind: 'bulk', way: way(running, setting.busyOrigin.source), streams, direction: 'down', seconds }
}

const held: Scenario = {
  name: 'held',
  direct: false,
  run: (setting) =>
    withServer(setting, false, async (running) => {
      if (!running) return {}
      // What a server allocates once and for all is not a connection's: bring it to work first.
      const warm: Load = { kind: 'connections', way: way(running, setting.origin.short), inFlight, seconds: 1 }
      await runLoad(warm, () => 0)
      const before = memoryKiB(running.pid)
      const load: Load = { kind: 'hold', way: way(running, setting.origin.echo), count: setting.held }
      const { begin } = await runLoad(load, () => memoryKiB(running.pid))
      return { 'held connection, KiB of memory': (begin - before) / setting.held }
    }),
}

/** Under strace, so in a run of its own, which is never timed. */
const systemCalls: Scenario = {
  name: 'system calls',
  direct: false,
  async run(setting) {
    if (!setting.server || spawnSync('strace', ['-V']).status !== 0) return {}
    const perConnection = await calls(setting, (running) => ({
      kind: 'connections',
      way: way(running, setting.origin.short),
      inFlight,
      seconds: 2,
    }))
    const perMiB = await calls(setting, (running) => ({
      kind: 'bulk',
      way: way(running, setting.origin.source),
      streams: 1,
      direction: 'down',
      seconds: 2,
    }))
    return {
      'system calls per connection': perConnection.calls / perConnection.end.connections,
      'system calls per MiB': perMiB.calls / ((perMiB.end.bytes[0] ?? Number.NaN) / 2 ** 20),
    }
  },
}

async function calls(setting: Setting, load: (running: Running) => Load) {
  const folder = mkdtempSync(join(tmpdir(), 'proxyd-strace-'))
  const file = join(folder, 'counts')
  const running = await start(setting.server as Server, false, ['strace', '-c', '-f', '-o', file])
  const { end } = await runLoad(load(running), () => 0)
  await running.stop()
  const total = /^\s*100\.00\s+\S+\s+(?:\d+\s+)?(\d+).*total$/m.exec(readFileSync(file, 'utf8'))?.[1]
  rmSync(folder, { recursive: true })
  return { end, calls: Number(total) }
}

export const scenarios: readonly Scenario[] = [
  bulk('down', 1),
  bulk('up', 1),
  bulk('both', 1),
  bulk('down', 16),
  bulk('up', 16),
  bulk('both', 16),
  connections('connections'),
  connections('connections with password', { password: true }),
  connections('connections by name', { name: 'localhost' }),
  latency('ping-pong', 0),
  latency('ping-pong beside 4 streams', 4),
  held,
  systemCalls,
]

async function withServer(
  setting: Setting,
  password: boolean,
  measure: (running: Running | undefined) => Promise<Figures>,
): Promise<Figures> {
  const running = setting.server && (await start(setting.server, password))
  try {
    return await measure(running)
  } finally {
    await running?.stop()
  }
}

function way(running: Running | undefined, port: number, password = false): Way {
  return { port, proxy: running && { port: running.port, ...(password ? credentials : {}) } }
}

/** Run a load; `cpu` is what it cost the server. */
async function costOf(running: Running | undefined, load: Load) {
  const cpu = () => (running ? cpuSeconds(running.pid) : 0)
  const { end, begin } = await runLoad(load, cpu)
  return { end, cpu: cpu() - begin }
}
