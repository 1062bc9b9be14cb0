import { spawnSync } from 'node:child_process'
import { globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, test } from 'vitest'
import { findProgram, run } from '../helpers/programs.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'
import { canHaveMachine, OwnMachine } from './own-machine.ts'

/**
 * Every command that README.md and docs/ show is carried out as it stands, those of a page in a row, by root on a machine of its
 * own, and must succeed. What that machine has in place of a network, a terminal and the like is told in own-machine.ts.
 *
 * - A block behind a line that ends with the path of a file and a colon is what that file holds.
 * - `proxyd … &` is waited for, and a page that uses proxyd before it starts one finds one that runs.
 * - PASSWORD stands for the password that was printed last.
 */

const root = fileURLToPath(new URL('../..', import.meta.url))
const pages = ['README.md', ...globSync('docs/*.md', { cwd: root })].filter((page) => stepsOf(page).length > 0)

/** What is to be typed to do what a page says: its commands, and what writes its files. */
function stepsOf(page: string): string[] {
  const text = readFileSync(join(root, page), 'utf8')
  const blocks = text.matchAll(/(?:`(\/[^`\n]+)`:\n\n)?^```(\w*)\n([\s\S]*?)^```$/gm)
  return [...blocks].flatMap(([, file, language, content = '']) => {
    if (file !== undefined) return `mkdir -p '${dirname(file)}' && cat >'${file}' <<'@end'\n${content}@end`
    return language === 'sh' ? commandsOf(content) : []
  })
}

/** The commands of a block: a line each, but for those that go on in the next one. */
function commandsOf(text: string): string[] {
  const commands: string[] = []
  let begun = ''
  for (const line of text.split('\n')) {
    begun += `${line}\n`
    if (isWhole(begun)) {
      if (/^[^#\s]/m.test(begun)) commands.push(begun.trimEnd())
      begun = ''
    }
  }
  expect(begun, 'a command without an end').toBe('')
  return commands
}

function isWhole(command: string): boolean {
  if (!/\\\n$|<<|['"({]|\b(?:do|then)\b/.test(command)) return true
  const { status, stderr } = spawnSync('bash', ['-n'], { input: command, encoding: 'utf8' })
  return status === 0 && stderr === '' && !command.endsWith('\\\n')
}

const openssl = findProgram('openssl')
const startsDaemon = (command: string) => /^proxyd\b.*&\s*(#.*)?$/s.test(command)

test('finds files and commands, however many lines they have', () => {
  expect(commandsOf("a 'b\nc' \\\n  d\n# e\n\ncat <<'EOF'\nf\nEOF\nproxyd &  # g\n")).toEqual([
    "a 'b\nc' \\\n  d",
    "cat <<'EOF'\nf\nEOF",
    'proxyd &  # g',
  ])
  expect(pages).toContain('README.md')
})

describe.runIf(canHaveMachine)('each command works', () => {
  let installed: string
  beforeAll(async () => {
    const ends = new AsyncDisposableStack()
    installed = join(await temporaryFolder((end) => ends.defer(end)), 'usr')
    const { status, stderr } = await run('make', ['-C', root, 'install', `PREFIX=${installed}`])
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    return () => ends.disposeAsync()
  })

  const isOfOpenssl = (page: string) => stepsOf(page).some((step) => step.startsWith('openssl'))
  const able = openssl ? pages : pages.filter((page) => !isOfOpenssl(page))

  test.each(able)('of %s', async (page) => {
    const machine = await OwnMachine.start({ project: root, installed })
    const steps = stepsOf(page)
    const first = steps.findIndex((step) => startsDaemon(step) || step.includes('proxy-tui'))
    if (!startsDaemon(steps[first] ?? '')) steps.unshift('proxyd &')
    let password = ''
    for (const step of steps) {
      try {
        const output = await machine.run(step.replaceAll('PASSWORD', password))
        if (startsDaemon(step)) await machine.servesOneMore()
        password = /^[a-km-np-z2-9]{26}$/m.exec(output)?.[0] ?? password
      } catch (error) {
        throw new Error(`${page} says\n  ${step}\nand that came to ${(error as Error).message}`)
      }
    }
  })
})
