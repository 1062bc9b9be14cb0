import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { Rule } from '../../shared/protocol/methods.ts'
import { median } from '../bench/statistics.ts'
import type { RawClient } from '../control/raw-client.ts'
import { letIn } from '../engine/endings/crowd.ts'
import { endAsAsked, startForCrowd } from '../helpers/crowd-daemon.ts'
import { descriptors } from '../helpers/descriptors.ts'
import { startEcho } from '../helpers/echo.ts'
import { eventually } from '../helpers/eventually.ts'
import { Flow } from '../helpers/flows.ts'
import { operate } from '../helpers/operate.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'

/** `make soak` takes an hour, unless MINUTES says otherwise. */
const minutes = Number(process.env.MINUTES ?? 2)
/** Clients of one round, of every kind of ending, and how many there are at once: what a loaded machine can serve beside others. */
const crowd = { count: 600, atOnce: 32 }
/** Connections that stay from the first round to the last, and say something now and then. */
const stayers = 30
/**
 * Connections until V8 has taken what it may for objects, young and old, and bytes that it may still take before.
 * The slower the machine, the earlier a short soak ends on that way: no part of what was measured says how far it goes.
 */
const settled = 50_000
const unsettled = 64 * 1_048_576
/** Milliseconds between two rounds. */
const rest = 1_000

/** What must not grow: bytes of memory, and counts. */
interface Belongings {
  readonly memory: number
  readonly sockets: number
  readonly pipes: number
  readonly others: number
  readonly threads: number
  readonly rows: number
  readonly rules: number
}

/** What is refused leaves the daemon as it was, and the round would prove nothing. */
async function done(admin: RawClient, method: string, params: object = {}) {
  const { result, error } = await admin.call(method, params)
  if (error) throw new Error(`${method}: ${error.message}`)
  return result
}

async function belongingsOf(pid: number, admin: RawClient): Promise<Belongings> {
  const { connections } = await done(admin, 'connections.list')
  const { rules } = await done(admin, 'rules.list')
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1')
  const kibibytes = ['Private_Clean', 'Private_Dirty'].map((name) =>
    Number(new RegExp(`^${name}: +(\\d+)`, 'm').exec(rollup)?.[1]),
  )
  return {
    memory: 1024 * kibibytes.reduce((a, b) => a + b),
    ...descriptors(pid),
    threads: readdirSync(`/proc/${pid}/task`).length,
    rows: connections.length,
    rules: rules.length,
  }
}

/** A day's work of an operator, in brief: what comes goes again. */
async function operateRound(admin: RawClient, round: number): Promise<void> {
  const name = `guest-${round}`
  const { revision } = await done(admin, 'config.get')
  const calls = [
    ['users.add', { name, password: 'gravel-tulip-93' }],
    ['users.set', { names: [name], fields: { 'rate-down': 1_000_000, 'max-connections': 5 } }],
    ['groups.set', { name: 'default', fields: { 'rate-up': round % 2 ? 200_000_000 : '' } }],
    ['rules.add', { rule: `deny to round-${round}.test` }],
    ['bans.add', { source: `192.0.2.${round % 250}`, seconds: 60 }],
    ['config.set', { revision, patch: { 'timeout-connect': 2_000 + (round % 2) } }],
    ['users.remove', { name }],
    ['bans.remove', { source: `192.0.2.${round % 250}` }],
  ] as const
  for (const [method, params] of calls) await done(admin, method, params)
  const { rules }: { rules: Rule[] } = await done(admin, 'rules.list')
  await done(admin, 'rules.remove', { ids: rules.filter(({ source }) => source === 'rules').map(({ id }) => id) })
}

/** Whether later values are those of earlier ones, but for their noise: what a round leaves behind adds up. */
function isFlat(middle: readonly number[], last: readonly number[], allowance: number): boolean {
  const before = median(middle)
  const noise = median(middle.map((value) => Math.abs(value - before)))
  return median(last) - before <= Math.max(allowance, 4 * noise)
}

// Only Linux tells what a process has, and has all of 127.0.0.0/8 on its loopback, where the crowd comes from.
describe.runIf(process.platform === 'linux').each(['linux', 'portable'])('with the %s engine', (engine) => {
  it(
    `${minutes} minutes of everything leave nothing behind`,
    async () => {
      const until = performance.now() + minutes * 60_000
      const daemon = await startForCrowd(engine, join(await temporaryFolder(), 'access.log'))
      const admin = await operate(daemon)
      const end = new AbortController()
      onTestFinished(() => end.abort())
      const ending = endAsAsked(daemon, end.signal)
      const clients = {
        ...{ name: 'other', password: 'secret' },
        ...{ proxyPort: daemon.port('socks'), echoPort: await startEcho() },
      }
      const flows = await Promise.all(
        Array.from({ length: stayers }, (_, i) => Flow.begin(clients, i, () => setTimeout(1_000))),
      )
      const samples: Belongings[] = []
      let served = 0
      for (let round = 0; performance.now() < until; round++) {
        const [report] = await Promise.all([
          letIn({ port: clients.proxyPort, exactOnly: false, ...crowd }),
          operateRound(admin, round),
        ])
        served += report.done
        await eventually(async () => expect((await done(admin, 'status.get')).sample.connections).toBe(stayers))
        samples.push(await belongingsOf(daemon.pid, admin))
        await setTimeout(rest)
      }
      end.abort()
      await ending
      await Promise.all(flows.map((flow) => flow.stop()))

      const third = Math.floor(samples.length / 3)
      const [middle, last] = [samples.slice(third, 2 * third), samples.slice(-third)]
      const names = Object.keys(samples[0] ?? {}) as (keyof Belongings)[]
      const figures = names.map((name) => {
        const values = [samples.slice(0, third), middle, last].map((part) => part.map((sample) => sample[name]))
        return [name, ...values.map(median)] as const
      })
      console.info(
        `${engine}: ${served} connections in ${samples.length} rounds; first, middle and last third: ` +
          figures.map(([name, ...values]) => `${name} ${values.join(' ')}`).join(', '),
      )
      const grown = names.filter((name) => {
        const [before, after] = [middle, last].map((part) => part.map((sample) => sample[name])) as [number[], number[]]
        const mayGrow = served < settled ? unsettled : 0.05 * median(before)
        return !isFlat(before, after, name === 'memory' ? mayGrow : 0)
      })
      expect(grown).toEqual([])
      expect((await daemon.stop()).status).toBe(0)
    },
    minutes * 60_000 + 300_000,
  )
})
