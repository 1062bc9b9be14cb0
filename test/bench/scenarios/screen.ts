import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { program } from '../../helpers/proxy-tui.ts'
import { openTerminal, type Terminal } from '../../helpers/terminal.ts'
import { runLoad } from '../load-runner.ts'
import { cpuSeconds, memoryKiB } from '../process-cost.ts'
import type { Running } from '../servers.ts'
import { bulkCost } from './bulk.ts'
import { type Figures, prefixed, type Scenario, type Setting, way, withServer } from './scenario.ts'

/** What proxy-tui itself costs while it shows a proxyd that has something to do. */

/** Connections that stand still, or each move something, for the table to show; and streams beside them. */
const held = 200
const moving = 2000
const streams = 4

/** Milliseconds until what a start costs is over. */
const settled = 2000
/** Milliseconds between looks at the memory. */
const glance = 1000
/** Seconds at least, however short the loads are: less tells of what V8 has not compiled yet. */
const leastSeconds = 10
/** Seconds under which its slope tells of the collector of garbage only. */
const leastForSlope = 60

interface Screen {
  readonly page: 'overview' | 'connections'
  readonly refresh: number
  readonly columns: number
  readonly rows: number
  readonly isBusy: boolean
}

const [small, large] = [
  { columns: 80, rows: 24 },
  { columns: 200, rows: 50 },
]

const screens: readonly Screen[] = (['overview', 'connections'] as const).flatMap((page) => [
  ...[small, large].flatMap((size) => [1, 4].map((refresh) => ({ page, refresh, isBusy: false, ...size }))),
  { page, refresh: 4, isBusy: true, ...small },
])

export const screenScenarios: readonly Scenario[] = screens.map((screen) => {
  const { page, refresh, columns, rows, isBusy } = screen
  const name = `screen, ${page} ${columns}x${rows} at ${refresh} Hz${isBusy ? `, ${moving} moving` : ''}`
  return {
    name,
    measures: (server) => server?.engine === 'linux',
    run: (setting) =>
      withServer(setting, async (running) =>
        running ? prefixed(`${name}, `, await cost(running, setting, screen)) : {},
      ),
  }
})

async function cost(running: Running, setting: Setting, screen: Screen): Promise<Figures> {
  const crowd = screen.isBusy ? { count: moving, moving: true } : { count: held }
  const load = { kind: 'hold', way: way(running, setting.origin.ports.echo), ...crowd } as const
  const { begin } = await runLoad(load, async () => {
    await using app = await open(running, screen)
    const seconds = Math.max(leastSeconds, setting.seconds)
    const traffic = bulkCost(running, { ...setting, seconds: settled / 1000 + seconds }, streams, 'down')
    await setTimeout(settled)
    const figures = await watch(app.pid, seconds)
    await traffic
    return figures
  })
  return begin
}

/** The app on this page, showing the connections. */
async function open(running: Running, { page, refresh, columns, rows }: Screen): Promise<Terminal> {
  const flags = ['--runtime-dir', join(running.folder, 'run'), '--refresh', `${refresh}`]
  // As a person starts it: with the flags, and the environment, that its head gives Node.
  const app = openTerminal('sh', [program, ...flags], { columns, rows })
  await app.shows(/Now +\d+ connections/)
  if (page === 'connections') app.type('2')
  await app.shows(page === 'connections' ? /\[2 Conn/ : /\[1 Overview/)
  return app
}

async function watch(pid: number, seconds: number): Promise<Figures> {
  const [cpu, began] = [cpuSeconds(pid), performance.now()]
  const memory: [minutes: number, kib: number][] = []
  const minutes = () => (performance.now() - began) / 60_000
  while (minutes() * 60 < seconds) {
    memory.push([minutes(), memoryKiB(pid)])
    await setTimeout(Math.min(glance, Math.max(0, seconds * 1000 - (performance.now() - began))))
  }
  const spent = cpuSeconds(pid) - cpu
  return {
    '% of a core': (spent / minutes() / 60) * 100,
    'MiB of memory': (memory.at(-1)?.[1] ?? Number.NaN) / 1024,
    ...(seconds >= leastForSlope ? { 'KiB a minute more': slope(memory) } : {}),
  }
}

/** How much a value grows a unit of time, by least squares. */
function slope(points: readonly (readonly [at: number, value: number])[]): number {
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length
  const [at, value] = [mean(points.map(([x]) => x)), mean(points.map(([, y]) => y))]
  const spread = points.reduce((sum, [x]) => sum + (x - at) ** 2, 0)
  return points.reduce((sum, [x, y]) => sum + (x - at) * (y - value), 0) / spread
}
