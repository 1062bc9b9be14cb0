import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect, it, onTestFinished } from 'vitest'
import { AccessLog } from '../../daemon/access-log/access-log.ts'
import type { LogSettings } from '../../daemon/access-log/messages.ts'
import { Reason } from '../../daemon/engine/session-table.ts'
import { ThreadFile } from '../../daemon/os/thread-file.ts'
import type { AccessEntry } from '../../shared/protocol/methods.ts'
import { eventually } from '../helpers/eventually.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'
import { FakeLoop } from '../observe/fake-loop.ts'

const off: LogSettings = {
  file: undefined,
  format: 'json',
  events: ['end'],
  alive: 900_000,
  mask: 'none',
  names: true,
  rotation: { size: 0, count: 0 },
}

function begin(settings: Partial<LogSettings> = {}, threadFile?: ThreadFile) {
  const warnings: string[] = []
  const log = new AccessLog({ ...off, ...settings }, (message) => warnings.push(message), threadFile)
  const loop = new FakeLoop()
  let last = 0
  const visit = (times = 1) => {
    for (let i = 0; i < times; i++) {
      loop.begin(0, { serial: ++last, opened: performance.now() })
      loop.end(0, Reason.gone, performance.now())
    }
  }
  onTestFinished(() => log.close())
  const watch = () => log.watch({ tables: [loop.table], tag: 'tag', users: () => [] })
  return { log, warnings, visit, watch }
}

function idsIn(path: string): string[] {
  return readFileSync(path, 'utf8')
    .split('\n')
    .flatMap((line) => (line === '' ? [] : JSON.parse(line).id))
}

async function followed(log: AccessLog, wish: Parameters<AccessLog['follow']>[0] = {}) {
  const ids: string[] = []
  let missed = 0
  const follower = log.follow(wish, (entries, more, taken) => {
    ids.push(...JSON.parse(entries).map(({ id }: AccessEntry) => id))
    missed += more
    taken()
  })
  const begun = await follower.begun
  return { ids, begun: begun.map(({ id }) => id), missed: () => missed, stop: follower.stop }
}

it('has in its file what ended before it began, and what ended last', async () => {
  const file = join(await temporaryFolder(), 'log')
  const { log, visit, watch } = begin({ file })
  visit()
  watch()
  // A thread that is yet to begin when it is to end may take longer than the end waits.
  await log.list({})
  visit()
  await log.close()
  expect(idsIn(file)).toEqual(['tag-1', 'tag-2'])
})

it('begins with what ends from then on when it is turned on, goes on by other settings, and can be turned off', async () => {
  const file = join(await temporaryFolder(), 'log')
  const { log, visit, watch } = begin()
  watch()
  visit()
  // There is a thread from now on, which looks at nothing.
  expect((await log.list({})).entries).toHaveLength(1)
  visit()
  log.tune({ ...off, file })
  expect((await log.list({})).entries).toEqual([])
  visit()
  log.tune({ ...off, file, format: 'text' })
  await log.list({})
  visit()
  log.tune(off)
  await log.list({})
  visit()
  await log.close()
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n')
  expect(lines.map((line) => /tag-\d+/.exec(line)?.[0])).toEqual(['tag-3', 'tag-4'])
  expect(lines.map((line) => line.startsWith('{'))).toEqual([true, false])
})

it('tells a follower each entry once: what was, then what comes', async () => {
  const { log, visit, watch } = begin()
  watch()
  visit(3)
  const first = await followed(log, { history: 2 })
  expect(first.begun).toEqual(['tag-2', 'tag-3'])
  visit(2)
  const second = await followed(log, { history: 500, filter: '!id:tag-4' })
  expect(second.begun).toEqual(['tag-1', 'tag-2', 'tag-3', 'tag-5'])
  visit(1)
  await eventually(() => expect([first.ids, second.ids]).toEqual([['tag-4', 'tag-5', 'tag-6'], ['tag-6']]))
  first.stop()
  second.stop()
  expect(() => log.follow({ filter: 'up>x' }, () => {})).toThrow(/a number is wanted/)
  await expect(log.list({ cursor: 'x y' })).rejects.toThrow('no such cursor')
})

it('lets nobody who takes nothing hold up the others, and tells them what they miss', async () => {
  const { log, visit, watch } = begin()
  watch()
  const takers: (() => void)[] = []
  let heard = 0
  let missed = 0
  log.follow({}, (entries, more, taken) => {
    heard += JSON.parse(entries).length
    missed += more
    takers.push(taken)
  })
  const other = await followed(log)
  const total = 60_000
  for (let done = 0; done < total; done += 4000) {
    visit(4000)
    await eventually(() => expect(other.ids.length).toBe(done + 4000))
  }
  expect(heard).toBeLessThan(total)
  expect(other.missed()).toBe(0)
  while (heard + missed < total) {
    for (const taken of takers.splice(0)) taken()
    await new Promise(setImmediate)
  }
  expect(heard + missed).toBe(total)
})

it('counts in the file, and tells, what was written over before it was read', async () => {
  const file = join(await temporaryFolder(), 'log')
  const { log, warnings, visit, watch } = begin({ file })
  visit(10_000)
  watch()
  await eventually(() => expect(log.state?.dropped).toBe(10_000 - 8191))
  await log.close()
  const [first, ...others] = readFileSync(file, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
  expect(first).toMatchObject({ event: 'dropped', count: 10_000 - 8191 })
  expect(others).toHaveLength(8191)
  expect(warnings).toEqual(['the access log is incomplete: 1809 more connections could not be written down'])
})

it('goes on where no thread can be had, and has one as soon as there is', async () => {
  const file = join(await temporaryFolder(), 'log')
  // Of such a place Node starts none.
  const threads = { url: new URL('proxyd://nowhere/thread'), isReplaced: false }
  const { log, warnings, watch, visit } = begin({ file }, threads as unknown as ThreadFile)
  watch()
  await expect(log.list({})).rejects.toMatchObject({ kind: 'unavailable', message: expect.stringMatching(/TasksMax=/) })
  const others = [log.follow({}, () => {}), log.follow({}, () => {})]
  await eventually(() => expect(warnings.length).toBeGreaterThan(4))
  expect(warnings[0]).toMatch(/^the thread of the access log failed \(no thread can be started .*TasksMax=/)
  threads.url = new URL('../../dist/log-thread.cjs', import.meta.url)
  await eventually(async () => expect((await log.list({})).entries).toEqual([]))
  visit()
  await eventually(() => expect(idsIn(file)).toEqual(['tag-1']))
  for (const other of others) other.stop()
})

it('begins anew when its thread fails, and says so', async () => {
  const folder = await temporaryFolder()
  const [program, file, mended] = [join(folder, 'thread.mjs'), join(folder, 'log'), join(folder, 'mended')]
  writeFileSync(
    program,
    `import { existsSync } from 'node:fs'
    if (!existsSync('${mended}')) throw new Error('a fault')
    await import('${new URL('../../dist/log-thread.cjs', import.meta.url).href}')`,
  )
  const { log, warnings, watch, visit } = begin({ file }, new ThreadFile(pathToFileURL(program)))
  watch()
  const listed = log.list({})
  await expect(listed).rejects.toMatchObject({ kind: 'unavailable' })
  expect(warnings[0]).toMatch(/^the thread of the access log failed \(a fault\)/)
  expect(log.state?.problem).toBe('the thread of the access log failed (a fault)')
  const other = log.follow({}, () => {})
  writeFileSync(mended, '')
  await eventually(async () => expect((await log.list({})).entries).toEqual([]))
  visit()
  await eventually(() => expect(idsIn(file)).toEqual(['tag-1']))
  await eventually(() => expect(log.state).toEqual({ dropped: 0, problem: null }))
  other.stop()
})
