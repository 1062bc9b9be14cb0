import { existsSync } from 'node:fs'
import { chmod, mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { readPreferences } from '../../tui/app/state/preferences.ts'
import { stateAt } from '../../tui/app/state/state.ts'
import { preferencesOf } from '../../tui/app/store/prefer.ts'
import { reduce } from '../../tui/app/store/store.ts'
import { type Daemon, sharedDaemon } from '../helpers/daemon.ts'
import { program } from '../helpers/proxy-tui.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'
import { openTerminal, type Terminal } from '../helpers/terminal.ts'

const fresh = stateAt(['here'])
const daemons = sharedDaemon(['-u', 'ann:pw', '-u', 'bob:pw'])

describe('what is found again', () => {
  test('is all that was chosen, and no more', () => {
    let state = reduce(fresh, { type: 'theme', theme: 'light' })
    state = reduce(state, { type: 'mouse' })
    state = reduce(state, { type: 'rateUnit' })
    state = reduce(state, { type: 'overview', event: { do: 'range', by: 1 } })
    state = reduce(state, { type: 'overview', event: { do: 'logarithmic' } })
    const sort = { column: 'down', descending: true }
    state = reduce(state, { type: 'list', page: 'connections', event: { do: 'sort', sort } })
    state = reduce(state, { type: 'list', page: 'connections', event: { do: 'columns', names: ['user', 'age'] } })
    state = reduce(state, { type: 'list', page: 'access', event: { do: 'keepAs', name: 'mine' } })
    state = reduce(state, { type: 'page', page: 'users' })
    const preferences = readPreferences(JSON.stringify(preferencesOf(state)))
    const again = reduce(fresh, { type: 'prefer', preferences: preferences ?? {} })
    expect(preferencesOf(again)).toEqual(preferencesOf(state))
    expect(again).toMatchObject({ theme: 'light', mouse: false, rateUnit: 'bits', page: 'overview' })
    expect(again.lists.access.own).toEqual([{ name: 'mine', filter: '' }])
    expect(again.lists.connections).toMatchObject({ sort, columns: ['user', 'age'], filter: '' })
  })

  test('leaves out what this app does not know, and keeps the rest', () => {
    const text = JSON.stringify({
      theme: 'solarized',
      rateUnit: 'bits',
      range: 7,
      more: true,
      lists: { users: { sort: { column: 'shoe-size', descending: true }, columns: ['none'] }, other: 5 },
    })
    const after = reduce(fresh, { type: 'prefer', preferences: readPreferences(text) ?? {} })
    expect(after).toEqual({ ...fresh, rateUnit: 'bits' })
  })

  test.each(['', '{', '[1]', '"text"', 'null', '\u0000'])('is nothing in %j', (text) => {
    expect(readPreferences(text)).toBeNull()
  })
})

test('what was chosen shows at the next start, kept in a file of the person alone (8)', async () => {
  const daemon = await daemons()
  const home = await temporaryFolder()
  {
    await using app = openIn(home, daemon)
    await app.shows(/Down 0 B\/s/)
    app.type('b3S')
    await app.shows(/User▼.*bob.*ann/s)
    app.type('q')
    await app.ended
  }
  expect((await stat(fileIn(home))).mode & 0o777).toBe(0o600)
  await using app = openIn(home, daemon)
  await app.shows(/Down 0 bit\/s/)
  app.type('3')
  await app.shows(/User▼.*bob.*ann/s)
})

test('a choice is kept a moment later, however the app ends', async () => {
  const daemon = await daemons()
  const home = await temporaryFolder()
  await using app = openIn(home, daemon)
  await app.shows(/Down 0 B\/s/)
  app.type('T')
  await app.until(() => existsSync(fileIn(home)), 'has kept it')
  app.signal('SIGKILL')
  await app.ended
  expect(JSON.parse(await readFile(fileIn(home), 'utf8'))).toMatchObject({ theme: 'light' })
})

test('a file that makes no sense is told and ignored', async () => {
  const home = await temporaryFolder()
  await mkdir(join(home, 'proxyd'))
  await writeFile(fileIn(home), '{"theme":')
  await using app = openIn(home, await daemons(), { rows: 24, columns: 160 })
  await app.shows(/! what is kept in .* makes no sense and is ignored/)
  app.type('q')
  expect(await app.ended).toMatchObject({ status: 0 })
})

test('a home that cannot be written is no error', async () => {
  const home = await temporaryFolder()
  const file = join(home, 'file')
  await writeFile(file, '')
  await chmod(file, 0o400)
  // Root may write anywhere, but not below a file.
  await using app = openIn(file, await daemons())
  await app.shows(/Down 0 B\/s/)
  app.type('b')
  await app.shows(/Down 0 bit\/s/)
  app.type('q')
  expect(await app.ended).toMatchObject({ status: 0 })
  expect(app.screen).not.toMatch(/proxy-tui:/)
})

test('--theme asks for a theme this once', async () => {
  const daemon = await daemons()
  const home = await temporaryFolder()
  await using app = openIn(home, daemon, {}, '--theme', 'contrast')
  await app.shows(/Down 0 B\/s/)
  app.type('b')
  await app.shows(/Down 0 bit\/s/)
  app.type('q')
  await app.ended
  const kept = JSON.parse(await readFile(fileIn(home), 'utf8'))
  expect(kept).toMatchObject({ rateUnit: 'bits' })
  expect(kept).not.toHaveProperty('theme')
})

function fileIn(home: string): string {
  return join(home, 'proxyd', 'proxy-tui.json')
}

/** The app, with this folder for what programs keep. */
function openIn(home: string, { folders }: Daemon, size = {}, ...args: readonly string[]): Terminal {
  const env = { XDG_STATE_HOME: home }
  return openTerminal(process.execPath, [program, '--runtime-dir', folders.runtime, ...args], { ...size, env })
}
