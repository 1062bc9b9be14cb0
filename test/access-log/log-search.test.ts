import { execFileSync } from 'node:child_process'
import { chmodSync, renameSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { entryFilter } from '../../daemon/access-log/entry-filter.ts'
import { lineOf } from '../../daemon/access-log/line.ts'
import { type Query, searchLog } from '../../daemon/access-log/log-search.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'
import { accessEntryOf } from './entries.ts'

const everything: Query = { matches: () => true, since: Number.NEGATIVE_INFINITY, limit: 500, cursor: undefined }

/** Entry number n was made n seconds after 1970. */
function entries(from: number, to: number) {
  return Array.from({ length: to - from }, (_, i) =>
    accessEntryOf({ id: `a-${from + i}`, ts: 1000 * (from + i), up: from + i }),
  )
}

function text(from: number, to: number, format: 'json' | 'text' = 'json'): string {
  return entries(from, to).map(lineOf[format]).join('')
}

/** The numbers of all entries, page by page. */
function pages(path: string, older: number, query: Partial<Query> = {}): number[][] {
  const all: number[][] = []
  let cursor: string | undefined
  do {
    const page = searchLog(path, older, { ...everything, ...query, cursor })
    all.push(page.entries.map(({ up }) => up))
    cursor = page.next
  } while (cursor !== undefined)
  return all
}

function downFrom(high: number, low: number): number[] {
  return Array.from({ length: high - low }, (_, i) => high - 1 - i)
}

it("waits for no pipe, and reads nobody else's file, where an older one was", async () => {
  const path = join(await temporaryFolder(), 'log')
  writeFileSync(path, text(9, 12))
  execFileSync('mkfifo', [`${path}.1`])
  symlinkSync(path, `${path}.2`)
  writeFileSync(`${path}.3`, text(0, 3))
  chmodSync(`${path}.3`, 0o622)
  expect(pages(path, 3).flat()).toEqual(downFrom(12, 9))
})

it('lists the newest first, through all files, in whatever pages', async () => {
  const path = join(await temporaryFolder(), 'log')
  writeFileSync(`${path}.2`, text(0, 3, 'text'))
  writeFileSync(`${path}.1`, `${text(3, 7)}${text(7, 9, 'text')}`)
  writeFileSync(path, `${text(9, 12)}{"ts":"half a li`)
  for (let limit = 1; limit < 14; limit++) {
    const found = pages(path, 2, { limit })
    expect(found.flat()).toEqual(downFrom(12, 0))
    expect(Math.max(...found.map(({ length }) => length))).toBeLessThanOrEqual(limit)
  }
  expect(pages(path, 1).flat()).toEqual(downFrom(12, 3))
  expect(pages(`${path}.none`, 2)).toEqual([[]])
})

it('goes on where it was when the files are moved aside meanwhile', async () => {
  const path = join(await temporaryFolder(), 'log')
  writeFileSync(`${path}.1`, text(0, 5))
  writeFileSync(path, text(5, 10))
  const first = searchLog(path, 2, { ...everything, limit: 3 })
  renameSync(`${path}.1`, `${path}.2`)
  renameSync(path, `${path}.1`)
  writeFileSync(path, text(10, 15))
  const second = searchLog(path, 2, { ...everything, cursor: first.next })
  expect([...first.entries, ...second.entries].map(({ up }) => up)).toEqual(downFrom(10, 0))
})

it('finds what is asked for, and looks no further back than it must', async () => {
  const path = join(await temporaryFolder(), 'log')
  writeFileSync(path, text(0, 400))
  expect(pages(path, 0, { since: 395_000 }).flat()).toEqual(downFrom(400, 395))
  expect(pages(path, 0, { matches: entryFilter('up<3') }).flat()).toEqual([2, 1, 0])
  expect(pages(path, 0, { matches: entryFilter('id:a-17 dst:example.com:443 !user:bob') }).flat()).toEqual([17])
  // A clock that was set back: what is out of order by less than a minute is found.
  writeFileSync(path, `${text(100, 110)}${text(80, 90)}${text(110, 112)}`)
  expect(pages(path, 0, { since: 100_000 }).flat()).toEqual([111, 110, ...downFrom(110, 100)])
})

it('reads a long log in pages of which some may be empty', async () => {
  const path = join(await temporaryFolder(), 'log')
  writeFileSync(path, text(0, 40_000))
  const found = pages(path, 0, { matches: entryFilter('up<2') })
  expect(found.length).toBeGreaterThan(2)
  expect(found.flat()).toEqual([1, 0])
  expect(found[0]).toEqual([])
})

it('finds every line, wherever its end falls', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(2000), { maxLength: 600 }), async (lengths) => {
      const path = join(await temporaryFolder(), 'log')
      const all = lengths.map((length, up) => accessEntryOf({ up, name: 'n'.repeat(length) }))
      writeFileSync(path, all.map(lineOf.json).join(''))
      expect(pages(path, 0).flat()).toEqual(downFrom(all.length, 0))
    }),
    { numRuns: 20 },
  )
})

it.each(['', 'x', '1', '1 x', '-1 2', '1 2 3', '1 9007199254740992', `1 ${'9'.repeat(400)}`])(
  'refuses %j for a cursor',
  (cursor) => {
    expect(() => searchLog('/nowhere', 0, { ...everything, cursor })).toThrow('no such cursor')
  },
)

it.each(['~a', 'user:~a', '!~a', '!dst=~a', 'user:bob ~(a+)+b'])('refuses the filter %j', (filter) => {
  expect(() => entryFilter(filter)).toThrow(/no regular expressions/)
})

it('says what is wrong with a filter', () => {
  expect(() => entryFilter('!a '.repeat(33))).toThrow('the filter has more than 32 words')
  expect(() => entryFilter('up>much')).toThrow(/a number is wanted/)
  expect(() => entryFilter('src:10.0.0.0/99')).toThrow(/not a range/)
})
