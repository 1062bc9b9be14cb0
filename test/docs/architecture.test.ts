import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { broken, findCircle, importsOf, loadedWith, readPlaces, readSourceFiles, unused, upward } from './imports.ts'

const files = readSourceFiles()
const imports = [...files].flatMap(([file, text]) => importsOf(file, text))
const places = readPlaces(readFileSync(new URL('../../ARCHITECTURE.md', import.meta.url), 'utf8'))

it('finds what the sources import', () => {
  const text = `import { a } from './a.ts'
import type {
  B,
} from '../b/b.ts'
export { c } from './c.ts'
import 'node:net'
const d = await import('./d.ts')
`
  const from = ['daemon/x/a.ts', 'daemon/b/b.ts', 'daemon/x/c.ts', 'node:net', 'daemon/x/d.ts']
  expect(importsOf('daemon/x/y.ts', text)).toEqual(from.map((name) => ({ by: 'daemon/x/y.ts', from: name })))
})

it.each([
  ...[
    'daemon/main.ts',
    'daemon/engine/linux/worker.ts',
    'daemon/store/store-thread.ts',
    'daemon/rules/compile-thread.ts',
  ],
  ...['daemon/access-log/log-thread.ts', 'daemon/access/foreign-hash-thread.ts', 'tui/main.ts', 'tui/client/index.ts'],
])('loads no schemas with %s: they take longer than all else of a start', (entry) => {
  const loaded = loadedWith(entry, files)
  expect(loaded.size).toBeGreaterThan(1)
  expect([...loaded]).not.toContain('zod')
})

it('finds what is loaded with a file', () => {
  const tree = new Map([
    ['a.ts', "import type { T } from './t.ts'\nimport { b } from './b.ts'\nconst d = await import('./d.ts')\n"],
    ['b.ts', "export type { T } from './t.ts'\nexport { c } from './c.ts'\nimport 'zod'\n"],
  ])
  expect([...loadedWith('a.ts', tree)]).toEqual(['a.ts', 'b.ts', 'c.ts', 'zod'])
})

it('has no circle of imports, types included', () => {
  expect(findCircle(imports)?.join(' -> ')).toBeUndefined()
  const ring = ['a', 'b', 'c'].map((by, i, all) => ({ by, from: all[(i + 1) % 3] ?? '' }))
  expect(findCircle([{ by: 'start', from: 'a' }, ...ring])).toEqual(['a', 'b', 'c', 'a'])
})

it('imports only what the table in ARCHITECTURE.md lets each place import', () => {
  expect(imports.map((one) => broken(one, places)).filter((problem) => problem !== undefined)).toEqual([])
})

it('imports nothing from a place that stands below in that table', () => {
  expect(upward(imports, places)).toEqual([])
  const [above, below] = places
  const [by = '', from = ''] = [above?.path, below?.path]
  expect(upward([{ by, from }], places)).toEqual([expect.stringContaining('stands below')])
  expect(upward([{ by: from, from: by }], places)).toEqual([])
})

it('has no line in that table for what is not imported', () => {
  expect(unused(imports, places)).toEqual([])
  const place = { path: 'daemon/net/', allowed: ['node:os', 'shared/'], isPure: true }
  const used = { by: 'daemon/net/address.ts', from: 'shared/format/bytes.ts' }
  expect(unused([used], [place])).toEqual(['nothing in `daemon/net/` imports node:os'])
})

it('has a table that forbids', () => {
  const table = `## Where things live

| place | is | imports |
|---|---|---|
| \`daemon/net/\` | addresses, pure | \`node:os\` |
| \`daemon/*.ts\` | the root | \`daemon/\` |
| \`tui/\` | the app | \`shared/\` |

## More
`
  const check = (by: string, from: string) => broken({ by, from }, readPlaces(table))
  expect(check('daemon/net/address.ts', 'daemon/net/endpoint.ts')).toBeUndefined()
  expect(check('daemon/net/address.ts', 'node:os')).toBeUndefined()
  expect(check('daemon/net/address.ts', 'node:fs')).toContain('may not')
  expect(check('daemon/net/address.ts', 'daemon/main.ts')).toContain('may not')
  expect(check('daemon/main.ts', 'daemon/net/address.ts')).toBeUndefined()
  expect(check('daemon/other/file.ts', 'node:fs')).toContain('in no place')
  expect(check('tui/main.ts', 'node:fs')).toBeUndefined()
  expect(check('tui/main.ts', 'daemon/main.ts')).toContain('may not')
})
