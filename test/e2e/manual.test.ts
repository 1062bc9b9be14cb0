import { chmod, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, test } from 'vitest'
import { parseRules } from '../../daemon/policy/rule.ts'
import { RuleSyntaxError } from '../../daemon/policy/rule-words.ts'
import { readConfigFile } from '../../daemon/settings/config-file.ts'
import { verbs } from '../../shared/commands/verbs.ts'
import { ruleClauses } from '../../shared/rule-clauses.ts'
import { type SettingShape, settings } from '../../shared/settings.ts'
import { optionNames } from '../../tui/options/options.ts'
import { sharedDaemon } from '../helpers/daemon.ts'
import { operate } from '../helpers/operate.ts'
import { findProgram, run } from '../helpers/programs.ts'
import { program as proxyTui } from '../helpers/proxy-tui.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'

const proxyd = fileURLToPath(new URL('../../dist/proxyd.js', import.meta.url))
const groff = findProgram('groff')
const mandoc = findProgram('mandoc')

const pages = [
  ['proxyd(8)', [proxyd, '--manual'], Object.keys(settings).map((name) => `--${name}`)],
  ['proxyd.toml(5)', [proxyd, '--manual', 'proxyd.toml'], Object.keys(settings)],
  [
    'proxyd-rules(5)',
    [proxyd, '--manual', 'proxyd-rules'],
    ruleClauses.map(([written]) => written.replace('…', '...')),
  ],
  ['proxy-tui(1)', [proxyTui, '--manual'], [...optionNames.map((name) => `--${name}`), ...Object.keys(verbs)]],
] as const

describe.each(pages)('%s', (title, command, terms) => {
  let source: string
  beforeAll(async () => {
    const { status, stdout, stderr } = await run(process.execPath, command)
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    source = stdout
  })

  test.skipIf(!groff)('is a page that has everything, without a warning of groff', async () => {
    const formatted = await run(groff ?? '', ['-man', '-Tascii', '-ww', '-P-cbou'], { input: source })
    expect(formatted.stderr).toBe('')
    expect(formatted.stdout).toContain(title.toUpperCase())
    const told = formatted.stdout.replaceAll(/^ +(?:-\w, )?/gm, '\n')
    expect(terms.filter((term) => !told.includes(`\n${term}`))).toEqual([])
  })

  test.skipIf(!mandoc)('says nothing that mandoc finds fault with', async () => {
    const { stdout, stderr } = await run(mandoc ?? '', ['-Tlint', '-Wall'], { input: source })
    expect(stdout + stderr).toBe('')
  })
})

test('proxy-tui(1) says of a command what there is to know of its argument, as its help does', async () => {
  const { stdout } = await run(process.execPath, [proxyTui, '--manual'])
  const of = (command: string) => stdout.split('.TP\n').find((part) => part.startsWith(`.B ${command} `))
  expect(of('passwd')?.replaceAll('\n', ' ')).toMatch(
    /once\. NAME: a user, whose live connections stay: .*cut user:NAME/,
  )
  expect(of('deluser')?.replaceAll('\n', ' ')).toMatch(/NAME: for an hour they can come back/)
})

test('a page that there is not is a mistake that says which there are', async () => {
  const { status, stderr } = await run(process.execPath, [proxyd, '--manual', 'proxy-tui'])
  expect(status).toBe(2)
  expect(stderr).toContain('proxyd, proxyd.toml, proxyd-rules')
})

describe('proxyd.toml(5)', () => {
  test('tells of each setting when a change acts', async () => {
    const source = await sourceOf('proxyd.toml')
    const told = [...source.matchAll(/^\.TP\n\.B (.*)\n((?:[^.].*\n)+)/gm)].map(([, name = '', words = '']) => {
      return [name.replaceAll('\\-', '-'), words.replaceAll('\n', ' ').includes('acts at once')]
    })
    const runtime = Object.entries<SettingShape>(settings).map(([name, shape]) => [name, shape.runtime === true])
    expect(told.filter(([name]) => Object.hasOwn(settings, String(name)))).toEqual(runtime)
  })

  test('shows files that proxyd takes', async () => {
    const path = join(await temporaryFolder(), 'proxyd.toml')
    const examples = await examplesOf('proxyd.toml')
    expect(examples).toHaveLength(2)
    for (const text of examples) {
      await writeFile(path, text)
      await chmod(path, 0o600)
      expect(Object.keys(await readConfigFile(path)).length).toBeGreaterThan(2)
    }
  })
})

describe('proxyd-rules(5)', () => {
  const daemon = sharedDaemon()

  test('shows rules that a daemon takes, with tests that hold', async () => {
    const [grammar, ...examples] = await examplesOf('proxyd-rules')
    expect(grammar).toMatch(/^test \[/)
    expect(examples).toHaveLength(3)
    const list = join(await temporaryFolder(), 'adult')
    await writeFile(list, 'example.com  # a comment\n*.example.net\n192.0.2.0/24\n')
    const client = await operate(await daemon())
    for (const name of ['bob', 'a guest']) await client.call('users.add', { name, password: 'x' })
    await client.call('groups.add', { name: 'kids', fields: {} })
    for (const example of examples) {
      const text = example.replace('/etc/proxyd/adult', list)
      const { result, error } = await client.call('rules.apply', { text, dryRun: true })
      expect(error).toBeUndefined()
      expect(result.added.length).toBeGreaterThan(1)
      expect(result.warnings).toEqual([])
    }
  })

  test('has every clause that the parser knows', () => {
    const told = ruleClauses.map(([written]) => written.split(/[ :]/)[0])
    // What is no clause is told which there are.
    const problem = problemOf('allow nonsense')
    const [, known = ''] = /there are ([a-z, ]+);/.exec(problem) ?? []
    expect(told).toEqual(['allow', 'user', ...known.split(', '), '#'])
  })
})

async function sourceOf(page: string): Promise<string> {
  return (await run(process.execPath, [proxyd, '--manual', page])).stdout
}

/** What stands as in a file. */
async function examplesOf(page: string): Promise<string[]> {
  const source = await sourceOf(page)
  return [...source.matchAll(/^\.nf\n([\s\S]*?)^\.fi$/gm)].map(([, text = '']) => text.replaceAll('\\-', '-'))
}

function problemOf(rule: string): string {
  try {
    parseRules(rule)
    return ''
  } catch (error) {
    if (error instanceof RuleSyntaxError) return error.message
    throw error
  }
}
