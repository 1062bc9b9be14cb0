import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { verbs } from '../../shared/commands/verbs.ts'
import { settings } from '../../shared/settings.ts'
import { optionNames } from '../../tui/options/options.ts'
import { findProgram, run } from '../helpers/programs.ts'
import { program as proxyTui } from '../helpers/proxy-tui.ts'

const proxyd = fileURLToPath(new URL('../../dist/proxyd.js', import.meta.url))
const groff = findProgram('groff')

const pages = [
  ['proxyd', proxyd, Object.keys(settings).map((name) => `--${name}`)],
  ['proxy-tui', proxyTui, [...optionNames.map((name) => `--${name}`), ...Object.keys(verbs)]],
] as const

test.skipIf(!groff).each(pages)('%s --manual is a manual page that has everything', async (name, program, terms) => {
  const { status, stdout, stderr } = await run(process.execPath, [program, '--manual'])
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  const formatted = await run(groff ?? '', ['-man', '-Tascii', '-ww', '-P-cbou'], { input: stdout })
  expect(formatted.stderr).toBe('')
  expect(formatted.stdout).toContain(`${name.toUpperCase()}(1)`)
  for (const term of terms) expect(formatted.stdout).toMatch(new RegExp(`^ +(?:-\\w, )?${term}\\b`, 'm'))
})
