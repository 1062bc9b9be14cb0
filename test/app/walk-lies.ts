import { expect } from 'vitest'
import { connectThrough } from '../helpers/connect-through.ts'
import { startDaemon } from '../helpers/daemon.ts'
import { exec, program } from '../helpers/proxy-tui.ts'
import { startTarget } from '../helpers/target.ts'
import { openTerminal, type Terminal } from '../helpers/terminal.ts'
import { commands } from './lies.ts'
import { type Lie, type LyingDaemon, lyingDaemon } from './lying-daemon.ts'

/** Each page, by its key and what marks it as the one that is shown, and what it is told by. */
const pages: readonly (readonly [key: string, shown: RegExp, method: string])[] = [
  ['1', /^\[1 !?Overview/m, 'connections.closed'],
  ['2', /\[2 Conn/, 'metrics.sample'],
  ['3', /\[3 Users/, 'groups.list'],
  ['4', /\[4 Rules/, 'rules.list'],
  ['5', /\[5 Bans/, 'bans.subscribe'],
  ['6', /\[6 Log/, 'log.subscribe'],
  ['7', /\[7 Settings/, 'config.get'],
  ['8', /\[8 Operators/, 'operators.list'],
  ['9', /\[9 !?Daemons 2/, 'status.get'],
]

/** Walk through all pages of an app whose daemon tells these lies, each as long as that takes: it goes on, and shows what is true behind each. */
export async function walkThrough(lies: Readonly<Record<string, Lie>>): Promise<void> {
  const daemon = await startDaemon(['--user', 'bob:hunter22', '--auth', 'none'])
  await exec(
    daemon,
    'adduser eve; ban 10.9.9.9; addoperator kim --role viewer; users set bob quota=5GB expires=2100-01-01',
  )
  const { host, port } = await startTarget()
  await connectThrough(daemon.port('socks'), { host, port })
  const liar = await lyingDaemon(daemon)
  // Beside one that tells the truth.
  const places = [liar.folder, daemon.folders.runtime].flatMap((folder) => ['--socket', `${folder}/proxyd.sock`])
  await using app = openTerminal(process.execPath, [program, ...places], {
    columns: 120,
    // The last moment that there is, is later by the clocks there.
    env: { TZ: 'Europe/Berlin' },
  })
  await app.shows(/^ proxyd \d.* up \d/)
  for (const [name, lie] of Object.entries(lies)) {
    await walk(app, liar, lie).catch((cause) => {
      throw new Error(`told ${name}`, { cause })
    })
  }
  expect(app.output).not.toContain(commands.slice(0, 10))
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
  expect(app.output).not.toMatch(/\u001b\]0;|\u009b|\u202e|\u2066|\u200b/)
  app.type('\u0003')
  expect(await app.ended).toEqual({ status: 0, signal: 0 })
}

/** From the overview to the overview. */
async function walk(app: Terminal, liar: LyingDaemon, lie: Lie): Promise<void> {
  liar.lie = lie
  liar.hangUp()
  // What a page is told comes behind its key, and is drawn at once by the next time.
  for (const [key, shown, method] of pages) {
    const told = liar.told(method)
    app.type(key)
    await app.shows(shown)
    await told
  }
  for (const [key, shown] of pages) {
    app.type(key)
    await app.shows(shown)
  }
  // There is nothing of another page left.
  app.type('7')
  await app.shows(/\[7 Settings/)
  expect(app.screen).not.toMatch(/users\.set|addoperator|10\.9\.9\.9/)
  liar.lie = null
  liar.hangUp()
  app.type('1')
  await app.shows(/^ proxyd \d\S+ .* up \d+[sm].*\[1 !?Overview\].*Now {2}1 connection .*accepted 1\b/s)
}
