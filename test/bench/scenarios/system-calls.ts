import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ownFolder, removeFolder } from '../belongings.ts'
import type { Load } from '../load/protocol.ts'
import { runLoad } from '../load-runner.ts'
import { type Running, type Server, start } from '../servers.ts'
import { inFlight, type Scenario, way } from './scenario.ts'

/** What a server asks of the kernel. Counted under strace, so in a run of its own, which is never timed. */
export const systemCalls: Scenario = {
  name: 'system calls',
  measures: (server) => server !== undefined && spawnSync('strace', ['-V']).status === 0,
  async run({ server, origin: { ports } }) {
    if (!server) return {}
    const perConnection = await calls(server, (running) => ({
      kind: 'connections',
      way: way(running, ports.short),
      inFlight,
      seconds: 2,
    }))
    const perMiB = await calls(server, (running) => ({
      kind: 'bulk',
      way: way(running, ports.source),
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

async function calls(server: Server, load: (running: Running) => Load) {
  const folder = ownFolder()
  const file = join(folder, 'counts')
  const running = await start(server, false, ['strace', '-c', '-f', '-o', file])
  const { end } = await runLoad(load(running), () => 0)
  await running.stop()
  const total = /^\s*100\.00\s+\S+\s+(?:\d+\s+)?(\d+).*total$/m.exec(readFileSync(file, 'utf8'))?.[1]
  removeFolder(folder)
  return { end, calls: Number(total) }
}
