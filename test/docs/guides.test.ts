import { existsSync, globSync, readFileSync } from 'node:fs'
import { chmod, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { parseRules } from '../../daemon/policy/rule.ts'
import { readCommandLine as readDaemonLine } from '../../daemon/settings/command-line.ts'
import { readConfigFile } from '../../daemon/settings/config-file.ts'
import { parseCommands } from '../../shared/commands/parse.ts'
import { verbs } from '../../shared/commands/verbs.ts'
import { arrange } from '../../tui/app/screens/overview/arrange.ts'
import { isTooSmall } from '../../tui/app/state/layout.ts'
import type { State } from '../../tui/app/state/state.ts'
import { readCommandLine as readAppLine } from '../../tui/options/command-line.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'

/** README.md and docs/: what they lead to is there, and what they show is taken. */

const root = fileURLToPath(new URL('../..', import.meta.url))
const pages = ['README.md', ...globSync('docs/*.md', { cwd: root })]
const textOf = (page: string) => readFileSync(join(root, page), 'utf8')

/** What stands as code within the sentences of a page; the first column of its tables may tell of other programs. */
function codesOf(page: string): string[] {
  const text = textOf(page).replaceAll(/^```[\s\S]*?^```$|^\|.*? \|/gm, '')
  return [...text.matchAll(/`([^`\n]+)`/g)].map(([, code = '']) => code)
}

const anchorsOf = (text: string) =>
  [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  )

/** What a link to `target` from `page` does not find. */
function missing(page: string, target: string): string | undefined {
  const [path = '', anchor] = target.split('#')
  const file = path === '' ? page : join(dirname(page), path)
  if (!existsSync(join(root, file))) return `${page}: ${target}`
  return anchor === undefined || anchorsOf(textOf(file)).includes(anchor) ? undefined : `${page}: ${target}`
}

it('have links that lead somewhere', () => {
  const links = pages.flatMap((page) =>
    [...textOf(page).matchAll(/\]\((?!https?:)([^)]+)\)/g)].map(([, target = '']) => ({ page, target })),
  )
  expect(links.length).toBeGreaterThan(pages.length)
  expect(links.flatMap(({ page, target }) => missing(page, target) ?? [])).toEqual([])
  expect(missing('README.md', 'docs/network.md#nowhere')).toBe('README.md: docs/network.md#nowhere')
})

it('name files that there are', () => {
  const files = globSync('{shared,daemon,tui,test}/**/*.{ts,tsx}', { cwd: root })
  const told = ['ARCHITECTURE.md', 'daemon/engine/README.md', ...pages].flatMap((page) =>
    [...textOf(page).matchAll(/`([\w./-]+\.tsx?)`/g)].map(([, name = '']) => ({ page, name })),
  )
  const isThere = (name: string) => files.some((file) => file === name || file.endsWith(`/${name}`))
  expect(told.length).toBeGreaterThan(100)
  expect(told.filter(({ name }) => !isThere(name))).toEqual([])
})

it('are all reached from the README, by the guide', () => {
  const guide = 'docs/README.md'
  expect(textOf('README.md')).toContain(`](${guide})`)
  const others = pages.filter((page) => page !== 'README.md' && page !== guide)
  expect(others.filter((page) => !textOf(guide).includes(`](${basename(page)}`))).toEqual([])
})

it('show config files that proxyd takes', async () => {
  const files = pages.flatMap((page) =>
    [...textOf(page).matchAll(/```toml\n([\s\S]*?)```/g)].map(([, text = '']) => text),
  )
  expect(files.length).toBeGreaterThan(0)
  const path = join(await temporaryFolder(), 'proxyd.toml')
  for (const text of files) {
    await writeFile(path, text)
    await chmod(path, 0o600)
    expect(Object.keys(await readConfigFile(path)).length).toBeGreaterThan(0)
  }
})

it('name commands and flags that there are, where they do not show them as blocks', async () => {
  const surroundings = { env: {}, uid: 0, version: '' }
  const helps = [readDaemonLine(['--help'], ''), await readAppLine(['--help'], surroundings)]
  const ofVerbs = Object.values(verbs).flatMap(({ flags = {} }) => Object.keys(flags).map((name) => `--${name}`))
  const flags = new Set([...JSON.stringify(helps).matchAll(/--[a-z][a-z-]*/g)].map(([flag]) => flag).concat(ofVerbs))
  const firstWords = new Set(Object.keys(verbs).map((name) => name.split(' ')[0]))
  // What is in capitals or left out is for the reader to fill in.
  const isOpen = (code: string) => /\b[A-Z]{4,}\b|…/.test(code)
  const problemWith = (code: string) => {
    const words = (code.match(/'[^']*'|\S+/g) ?? []).map((word) => word.replaceAll("'", ''))
    const [first = ''] = words
    const [, line] = /^proxy-tui .*--exec '(.+?)'/.exec(code) ?? []
    try {
      if (first === 'proxyd') readDaemonLine(words.slice(1), '')
      else if (line !== undefined) parseCommands(line)
      else if (firstWords.has(first) && words.length > 1 && !Object.hasOwn(verbs, code)) parseCommands(code)
      else if (words.some((word) => word.startsWith('--') && !flags.has(word.split('=')[0] ?? ''))) return code
      return undefined
    } catch (error) {
      return `${code}: ${error}`
    }
  }
  const codes = pages.flatMap(codesOf).filter((code) => !isOpen(code))
  expect(codes.length).toBeGreaterThan(200)
  expect(codes.flatMap((code) => problemWith(code) ?? [])).toEqual([])
  expect(problemWith('users set bob egres=eth0')).toContain('egres')
  expect(problemWith('proxyd --forwards 8000=example.com:80')).toContain('--forward')
  expect(problemWith('--no-flag')).toBe('--no-flag')
})

it('name rules and lines of config files that proxyd takes, where they do not show them as blocks', async () => {
  const codes = pages.flatMap(codesOf)
  const rules = codes.filter((code) => /^(?:allow|deny)\b/.test(code))
  expect(rules.length).toBeGreaterThan(4)
  expect(parseRules(rules.join('\n')).rules).toHaveLength(rules.length)
  const path = join(await temporaryFolder(), 'proxyd.toml')
  const lines = codes.filter((code) => /^[a-z-]+ = /.test(code))
  expect(lines.length).toBeGreaterThan(10)
  for (const line of lines) {
    await writeFile(path, line)
    expect(Object.keys(await readConfigFile(path)), line).toHaveLength(1)
  }
})

it('tell at which size the app shows what', () => {
  const text = textOf('docs/terminal-app.md')
  const isShown = (columns: number, rows: number, page: State['page']) => !isTooSmall({ size: { columns, rows }, page })
  const [, ...smallest] = /below (\d+)x(\d+) \| connections, down to (\d+)x(\d+)/.exec(text) ?? []
  const [columns = 0, rows = 0, ofConnections = 0, rowsOfConnections = 0] = smallest.map(Number)
  expect([isShown(columns, rows, 'overview'), isShown(ofConnections, rowsOfConnections, 'connections')]).toEqual([
    true,
    true,
  ])
  expect([isShown(columns - 1, rows, 'overview'), isShown(columns, rows - 1, 'overview')]).toEqual([false, false])
  expect(isShown(ofConnections - 1, rowsOfConnections, 'connections')).toBe(false)

  const names = (columns: number) => {
    const bands = arrange({ columns, rows: 60, rowsOf: () => 9 })
    return bands.flatMap(({ stacks }) => stacks.map(({ panels }) => panels.map(({ panel }) => panel).join())).join(';')
  }
  const told = [...text.matchAll(/^\| (\d+) columns/gm)].map(([, wide]) => Number(wide))
  const widths = Array.from({ length: 300 - columns }, (_, i) => columns + 1 + i)
  expect(widths.filter((wide) => names(wide) !== names(wide - 1))).toEqual(told)
})
