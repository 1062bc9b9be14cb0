import { describe, expect, test } from 'vitest'
import type { LogEntry } from '../../shared/protocol/methods.ts'
import { LogWatch } from '../../tui/app/link/log-watch.ts'
import { newerEntries } from '../../tui/app/state/log.ts'
import { type Event, type State, stateAt } from '../../tui/app/state/state.ts'
import { reduce, Store } from '../../tui/app/store/store.ts'
import { logView } from '../../tui/app/tables/view.ts'
import type { Client } from '../../tui/client/index.ts'
import { startFakeDaemon } from '../exec/fake-daemon.ts'
import { startDaemon } from '../helpers/daemon.ts'
import { exec, program } from '../helpers/proxy-tui.ts'
import { openTerminal } from '../helpers/terminal.ts'
import { openApp } from './open-app.ts'

const entry = (seq: number, fields: Partial<LogEntry> = {}): LogEntry => ({
  seq,
  time: 1000 * seq,
  level: 'info',
  message: `message ${seq}`,
  ...fields,
})
const entries = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, at) => entry(from + at))

describe('the log in the store', () => {
  const come = (from: number, to: number, lost = 0): Event => ({ type: 'logEntries', entries: entries(from, to), lost })
  const select = (id: string | null): Event => ({ type: 'list', page: 'log', event: { do: 'select', id } })
  const stateAfter = (events: readonly Event[], state: State = stateAt(['here'])) =>
    events.reduce((before, event) => reduce(before, event), state)
  const shown = (state: State) => logView(state).ids

  test('keeps the newest 2,000 entries and counts those that the daemon dropped', () => {
    const { log } = stateAfter([come(1, 1500, 2), come(1501, 3000, 3)])
    expect([log.entries.length, log.entries[0]?.seq, log.entries.at(-1)?.seq, log.lost]).toEqual([2000, 1001, 3000, 5])
  })

  test('goes on with the entries of now, whatever was told of later ones before', () => {
    const last = Number.MAX_SAFE_INTEGER
    const { log } = stateAfter([come(1, 3), come(last, last), come(4, 5)])
    expect(log.entries.map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5])
  })

  test('stands still while an entry is selected, and goes on when none is', () => {
    const held = stateAfter([come(1, 3), select('2'), come(4, 9)])
    expect(shown(held)).toEqual(['1', '2', '3'])
    expect(logView(held).cursor).toBe(1)
    expect(newerEntries(held.log)).toBe(6)
    const going = stateAfter([select(null)], held)
    expect(shown(going)).toHaveLength(9)
    expect(logView(going).cursor).toBe(8)
  })

  test('is begun anew at its end by another page or level', () => {
    const held = stateAfter([come(1, 3), select('1'), come(4, 5)])
    for (const event of [
      { type: 'page', page: 'users' },
      { type: 'logLevel', level: 'warn' },
    ] as const) {
      const state = stateAfter([event], held)
      expect([state.log.held, state.lists.log.selected]).toEqual([null, null])
    }
  })

  test('is forgotten with its daemon, but not the level', () => {
    const online = (instance: string): Event => ({ type: 'link', link: { state: 'online', instance, role: 'admin' } })
    const { log } = stateAfter([online('a'), { type: 'logLevel', level: 'error' }, come(1, 3), online('b')])
    expect(log).toEqual({ level: 'error', entries: [], held: null, lost: 0 })
  })
})

test('what comes right behind the reply is not missed, nor told twice', async () => {
  const store = new Store(['here'], 1000)
  store.dispatch({ type: 'page', page: 'log' })
  let hear: (event: object) => void = () => {}
  const client = {
    on: (_: string, listener: typeof hear) => {
      hear = listener
      return () => {}
    },
    call: async () => {
      hear({ entries: entries(3, 4), lost: 0 })
      return { entries: entries(1, 2) }
    },
  }
  const watch = new LogWatch(
    (event) => store.feed(0, event),
    (fault) => expect.unreachable(String(fault)),
  )
  watch.settle(client as unknown as Client, 'info')
  await expect.poll(() => logView(store.state).ids).toEqual(['1', '2', '3', '4'])
  hear({ entries: entries(4, 5), lost: 7 })
  await expect.poll(() => logView(store.state).ids).toEqual(['1', '2', '3', '4', '5'])
  expect(store.state.log.lost).toBe(7)
})

test('a daemon is asked for its log only while the page is shown, and again for another level', async () => {
  const daemon = await startFakeDaemon((method) => (method.startsWith('log.') ? { entries: [] } : 'silence'))
  const calls = () => daemon.calls.filter(([method]) => method.startsWith('log.'))
  await using app = openTerminal(process.execPath, [program, '--socket', daemon.path])
  await app.shows(/\[1 Overview\]/)
  await expect.poll(() => daemon.calls.some(([method]) => method === 'metrics.subscribe')).toBe(true)
  expect(calls()).toEqual([])
  app.type('6')
  await expect.poll(calls).toEqual([['log.subscribe', { level: 'info', history: 1000 }]])
  app.type('>')
  await expect.poll(calls).toHaveLength(3)
  expect(calls().slice(1)).toEqual([
    ['log.unsubscribe', {}],
    ['log.subscribe', { level: 'warn', history: 1000 }],
  ])
  app.type('1')
  await expect.poll(() => calls().at(-1)).toEqual(['log.unsubscribe', {}])
})

test('levels differ in color, long entries are whole in the detail, and hostile ones move nothing', async () => {
  const long = entry(2, { level: 'warn', message: `\u001b[2J${'many words '.repeat(12)}end`, fields: { why: 'a b' } })
  const told = { entries: [entry(1), long, entry(3, { level: 'error' })] }
  const daemon = await startFakeDaemon((method) => (method === 'log.subscribe' ? told : 'silence'))
  await using app = openTerminal(process.execPath, [program, '--socket', daemon.path])
  await app.shows(/\[1 Overview\]/)
  app.type('6')
  await app.shows(/info +message 1\n.*warn [\s\S]*many words.*\n>.*error message 3/)
  const colorOf = (text: string) => {
    const row = app.lines.findIndex((line) => line.includes(text))
    return app.emulator.buffer.active.getLine(row)?.getCell(1)?.getFgColor()
  }
  expect(new Set([colorOf('message 1'), colorOf('many words'), colorOf('message 3')]).size).toBe(3)
  app.type('k\r')
  await app.shows(/1970-01-01T00:00:02Z {2}warn [\s\S]*many words.*[\s\S]* end why="a b"/)
  expect(app.lines[0]).toMatch(/^ proxyd/)
})

test('the log of a real daemon is followed, held while one looks back, filtered, and followed again', async () => {
  const daemon = await startDaemon()
  const change = (name: string, value: string) => exec(daemon, `set ${name} ${value}`)
  await using app = await openApp(daemon, { env: { TZ: 'Asia/Kolkata' } })
  app.type('6')
  await app.shows(/following {3}from info on {3}1\/1 lines\n IST.*\n>\d\d:\d\d:\d\d info +proxyd \d\S* serves/)
  await change('timeout-idle', '5000')
  await app.shows(/^ .*info +.*timeout-idle changes from 3600000 to 5000$/m)
  app.type('k')
  await app.shows(/HELD, 0 newer/)
  await change('timeout-drain', '2000')
  await app.shows(/HELD, [1-9]\d* newer/)
  expect(app.screen).not.toContain('timeout-drain')
  app.type('\u001b[F')
  await app.shows(/following.*\n[\s\S]*timeout-drain changes /)
  app.type('/-idle\r')
  await app.shows(/2\/\d+ lines {3}filter: -idle\n.*\n.* timeout-idle changes /)
  expect(app.screen).not.toContain('timeout-drain')
  app.type('>')
  await app.shows(/following {3}from warn on {3}0\/0 lines/)
  app.type('<<')
  await app.shows(/from debug on \(none from debug: its log-level is info\)/)
  await change('log-level', 'debug')
  await app.shows(/from debug on {3}\d/)

  app.type('v')
  await app.shows(/following {3}\d+\/\d+ events\n[\s\S]*change +.*local: config\.s/)
  app.type(' ')
  await app.shows(/HELD, 0 newer/)
  await change('timeout-idle', '6000')
  await app.shows(/HELD, [1-9]\d* newer/)
  expect(app.screen).not.toContain('6000')
  app.type(' /kind:change\r')
  await app.shows(/following {3}\d+\/\d+ events {3}filter: kind:change\n.*\n>.*change +.*local: /)
  app.type('\r')
  await app.shows(/info {2}change +│\n.*local: config\.set timeout-idle=6000; who local/)
})
