import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { findProgram, run } from '../helpers/programs.ts'
import { program as proxyTui } from '../helpers/proxy-tui.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'
import { openTerminal } from '../helpers/terminal.ts'

const built = { proxyd: fileURLToPath(new URL('../../dist/proxyd.js', import.meta.url)), 'proxy-tui': proxyTui }

const bash = findProgram('bash')
const zsh = findProgram('zsh')
const fish = findProgram('fish')

/** Both programs' scripts for a shell, in a folder that has nothing else but `a certificate.pem`. */
async function scriptsFor(shell: string): Promise<string> {
  const folder = await temporaryFolder()
  for (const [name, program] of Object.entries(built)) {
    const { status, stdout, stderr } = await run(process.execPath, [program, '--completions', shell])
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    await writeFile(join(folder, `_${name}`), stdout)
  }
  await writeFile(join(folder, 'a certificate.pem'), '')
  return folder
}

/** What is typed, Tab included, and the line that comes of it; zsh adds the `=` that a flag may have before its value. */
const typed = [
  ['proxyd --eng\t', 'proxyd --engine'],
  ['proxyd --engine li\t', 'proxyd --engine linux'],
  ['proxyd --engine=po\t', 'proxyd --engine=portable'],
  ['proxyd --control-socket-role v\t', 'proxyd --control-socket-role viewer'],
  ['proxyd --control-tls-cert a\t', String.raw`proxyd --control-tls-cert a\ certificate.pem`],
  ['proxy-tui --colour n\t', 'proxy-tui --colour never'],
  ['proxy-tui --exec dis\t', 'proxy-tui --exec disable'],
  ['proxy-tui --read\t--prof\t', 'proxy-tui --read-only --profile'],
] as const

const interactive = [
  ['bash', bash, ['--noprofile', '--norc', '-i'], 'for f in _*; do . ./$f; done'],
  ['zsh', zsh, ['-f', '-i'], 'fpath=($PWD $fpath); autoload -U compinit; compinit -D -u'],
] as const

describe.each(interactive)('%s', (name, shell, args, load) => {
  test.skipIf(!shell)('completes flags, choices, files and verbs, as typed by a person', async () => {
    const folder = await scriptsFor(name)
    const env = { PS1: '$ ', PROMPT: '$ ', HISTFILE: undefined, INPUTRC: '/dev/null' }
    await using terminal = openTerminal(shell ?? '', args, { env, columns: 120 })
    await terminal.shows(/^\$$/m)
    terminal.type(`cd '${folder}'; ${load}; clear; echo loa''ded\r`)
    await terminal.shows(/^loaded\n\$$/m)
    for (const [keys, line] of typed) {
      terminal.type(keys)
      const shown = [`$ ${line}`, `$ ${line}=`]
      await terminal.until(
        () => terminal.lines.some((each) => shown.includes(each)),
        `completes ${JSON.stringify(keys)}`,
      )
      terminal.type('\u0015')
      await terminal.until(() => terminal.screen.trimEnd().endsWith('\n$'), 'has an empty line')
    }
  })
})

test.skipIf(!fish)('fish completes flags, choices, files and verbs, and tells what they are', async () => {
  const folder = await scriptsFor('fish')
  const asked = ['proxyd --eng', 'proxyd --engine l', 'proxyd --control-tls-cert a', 'proxy-tui --exec dis', 'proxyd ']
  const load = `cd '${folder}'; for f in _*; source $f; end`
  const { stdout, stderr } = await run(fish ?? '', [
    '--no-config',
    '-c',
    [load, ...asked.map((line) => `complete -C '${line}'`)].join('; '),
  ])
  expect(stderr).toBe('')
  expect(stdout.trim().split('\n')).toEqual([
    '--engine\tthe data plane',
    'linux\tthe data plane',
    'a certificate.pem',
    'disable\tkeep a user out and cut their connections',
  ])
})

test.each(Object.entries(built))('%s names the shells that it knows', async (name, program) => {
  const { status, stdout, stderr } = await run(process.execPath, [program, '--completions', 'tcsh'])
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
  expect(stderr).toMatch(new RegExp(`^${name}: .*bash, zsh, fish; see ${name} --help\n$`))
})
