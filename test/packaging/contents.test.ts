import { readFileSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { isBuiltin } from 'node:module'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { importsOf, readSourceFiles } from '../docs/imports.ts'
import { run } from '../helpers/programs.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'

interface Component {
  readonly group?: string
  readonly name: string
  readonly version: string
  readonly hashes?: readonly { readonly content: string }[]
  readonly licenses: readonly { readonly license: { readonly id: string } }[]
}

async function contents(...args: readonly string[]): Promise<{ bill: Map<string, Component>; licences: string }> {
  const folder = await temporaryFolder()
  const [kind = '', ...rest] = args
  const made = await run(process.execPath, ['shared/packaging/contents.ts', kind, folder, ...rest])
  expect(made).toEqual({ status: 0, stdout: '', stderr: '' })
  const text = await readFile(join(folder, 'sbom.cdx.json'), 'utf8')
  const components = JSON.parse(text).components as Component[]
  const named = components.map((one) => [one.group ? `${one.group}/${one.name}` : one.name, one] as const)
  expect(text).not.toContain(process.cwd())
  return { bill: new Map(named), licences: await readFile(join(folder, 'LICENSES.txt'), 'utf8') }
}

/** What the sources of the programs name; types are nothing in a bundle. */
function importedPackages(): Set<string> {
  const values = (text: string) => text.replaceAll(/^(?:import|export) type\s[^'"]*'[^']+'/gm, '')
  const imports = [...readSourceFiles()].flatMap(([file, text]) => importsOf(file, values(text)))
  const outside = imports.filter(
    ({ by, from }) => !by.endsWith('.d.ts') && !isBuiltin(from) && !/^(shared|daemon|tui)\//.test(from),
  )
  return new Set(outside.map(({ from }) => /^(?:@[^/]+\/)?[^/]+/.exec(from)?.[0] ?? from))
}

it('names each package that is bundled, with version, hash and licence, and has the terms of each', async () => {
  const { bill, licences } = await contents('npm')
  // What makes the bundles is in none of them.
  const imported = [...importedPackages()].filter((name) => name !== 'esbuild')
  expect(imported).toContain('zod')
  expect([...bill.keys()]).toEqual(expect.arrayContaining(imported))
  // What those bring along is there too: a licence that ships no text and a folder within another among it.
  expect([...bill.keys()]).toEqual(expect.arrayContaining(['react-reconciler', 'yoga-layout', 'thread-stream', 'x256']))
  for (const [name, { version, hashes, licenses }] of bill) {
    expect(licences).toContain(`\n${name} ${version}\nLicence: ${licenses[0]?.license.id}\n`)
    expect(hashes?.[0]?.content, name).toMatch(/^[0-9a-f]{128}$/)
    expect(['MIT', 'ISC', 'BSD-3-Clause', 'Apache-2.0']).toContain(licenses[0]?.license.id)
  }
  for (const tool of ['esbuild', 'vitest', 'typescript', '@biomejs/biome']) expect(bill.has(tool)).toBe(false)
})

it('of what is installed on a machine names only the native part that is there', async () => {
  const { bill } = await contents('installed')
  const there = (await readdir('node_modules/@koromix')).map((name) => `@koromix/${name}`)
  expect([...bill.keys()].filter((name) => name.startsWith('@koromix/'))).toEqual(there)
})

it('takes no package that its makers have given up', () => {
  const locked: Record<string, { deprecated?: string }> = JSON.parse(readFileSync('package-lock.json', 'utf8')).packages
  const givenUp = Object.entries(locked).filter(([, { deprecated }]) => deprecated !== undefined)
  expect(givenUp).toEqual([])
})
