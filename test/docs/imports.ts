import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** The programs' own source files, from the root of the project. */
export function readSourceFiles(): Map<string, string> {
  const files = globSync('{shared,daemon,tui}/**/*.{ts,tsx}', { cwd: root }).filter((file) => !file.endsWith('.d.ts'))
  return new Map(files.sort().map((file) => [file, readFileSync(join(root, file), 'utf8')]))
}

/** Every import of a file, those of types included: `from` says what, a file of ours or `node:…` or a package. */
export interface Import {
  readonly by: string
  readonly from: string
}

export function importsOf(file: string, text: string): Import[] {
  const statements = text.matchAll(/^(?:import|export)\s(?:[^'";]*?\sfrom\s)?'([^']+)'|\bimport\('([^']+)'\)/gm)
  return [...statements].map(([, named, loaded]) => {
    const specifier = named ?? loaded ?? ''
    return { by: file, from: specifier.startsWith('.') ? join(file, '..', specifier) : specifier }
  })
}

/** All that a file loads before its first line runs, itself included: types are nothing by then, and `import()` waits. */
export function loadedWith(entry: string, files: ReadonlyMap<string, string>): Set<string> {
  const loaded = new Set<string>()
  const visit = (file: string): void => {
    if (loaded.has(file)) return
    loaded.add(file)
    const values = files.get(file)?.replaceAll(/^(?:import|export) type\s[^'"]*'[^']+'|\bimport\('[^']+'\)/gm, '') ?? ''
    for (const { from } of importsOf(file, values)) visit(from)
  }
  visit(entry)
  return loaded
}

/** One circle of imports, if there is any: the files in order, the first of them again at the end. */
export function findCircle(imports: readonly Import[]): string[] | undefined {
  const targets = Map.groupBy(imports, ({ by }) => by)
  const done = new Set<string>()
  const visit = (file: string, path: readonly string[]): string[] | undefined => {
    const start = path.indexOf(file)
    if (start >= 0) return [...path.slice(start), file]
    if (done.has(file)) return undefined
    for (const { from } of targets.get(file) ?? []) {
      const circle = visit(from, [...path, file])
      if (circle) return circle
    }
    done.add(file)
    return undefined
  }
  for (const file of targets.keys()) {
    const circle = visit(file, [])
    if (circle) return circle
  }
  return undefined
}

/** A row of the table in ARCHITECTURE.md: which files it is about, and what they may import beside one another. */
export interface Place {
  readonly path: string
  readonly allowed: readonly string[]
  /** Then of Node's own modules only those that are allowed. */
  readonly isPure: boolean
}

/** Reads the table under the heading `Where things live`. */
export function readPlaces(page: string): Place[] {
  const [, section = ''] = page.split('## Where things live')
  const rows = section.split('\n## ')[0]?.matchAll(/^\| (`[^|]+) \|([^|]*)\|([^|]*)\|$/gm) ?? []
  return [...rows].flatMap(([, places = '', what = '', imports = '']) => {
    const allowed = quoted(imports)
    return quoted(places).map((path) => ({ path, allowed, isPure: /\bpure\b/.test(what) }))
  })
}

/** What an import breaks of the table's rules; undefined if nothing. */
export function broken({ by, from }: Import, places: readonly Place[]): string | undefined {
  const place = placeOf(by, places)
  if (!place) return `${by} is in no place of the table`
  const isOurs = /^(?:shared|daemon|tui|test)\//.test(from)
  if (!isOurs && !(place.isPure && from.startsWith('node:'))) return undefined
  const isAllowed = placeOf(from, places) === place || place.allowed.some((allowed) => covers(allowed, from))
  return isAllowed ? undefined : `${by} imports ${from}, which \`${place.path}\` may not`
}

/** Imports of a place from one that stands below it in the table, which is built from the ground up. */
export function upward(imports: readonly Import[], places: readonly Place[]): string[] {
  const floorOf = (file: string) => {
    const place = placeOf(file, places)
    return place ? places.indexOf(place) : -1
  }
  return imports
    .filter(({ by, from }) => floorOf(from) > floorOf(by))
    .map(({ by, from }) => `${by} imports ${from}, which stands below it in the table`)
}

/** What the table lets a place import that nothing in it does. */
export function unused(imports: readonly Import[], places: readonly Place[]): string[] {
  const byPlace = Map.groupBy(imports, ({ by }) => placeOf(by, places))
  return places.flatMap((place) => {
    const idle = place.allowed.filter((allowed) => !byPlace.get(place)?.some(({ from }) => covers(allowed, from)))
    return idle.map((allowed) => `nothing in \`${place.path}\` imports ${allowed}`)
  })
}

/** The narrowest place that a file is in. */
function placeOf(file: string, places: readonly Place[]): Place | undefined {
  return places.filter(({ path }) => covers(path, file)).sort((a, b) => b.path.length - a.path.length)[0]
}

/** `daemon/` covers all below it, `daemon/*.ts` only the files in that folder. */
function covers(path: string, file: string): boolean {
  const [folder = '', name] = path.split('*')
  if (name === undefined) return file === path || (path.endsWith('/') && file.startsWith(path))
  return file.startsWith(folder) && !file.slice(folder.length).includes('/')
}

function quoted(text: string): string[] {
  return [...text.matchAll(/`([^`]+)`/g)].map(([, inside = '']) => inside)
}
