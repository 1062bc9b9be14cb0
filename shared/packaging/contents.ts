import { createHash } from 'node:crypto'
import { existsSync, globSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { notesFolder } from './bundled.ts'

/**
 * Writes what a package of proxyd holds that is other people's: `sbom.cdx.json`, a CycloneDX bill of materials, and
 * `LICENSES.txt`, the terms of each. Called from the root of the project, once both programs are bundled:
 *
 *     contents.ts npm FOLDER                for npm, which brings koffi's native part for whatever machine it is
 *     contents.ts installed FOLDER [NODE]   for this machine, with koffi, and Node if its unpacked npm package is named
 *
 * FOLDER takes both files. Neither has the time or the place where it was made: the same sources give the same bytes.
 */

interface Manifest {
  readonly name: string
  readonly version: string
  readonly license: string
  readonly description?: string
  readonly homepage?: string
  readonly author?: string | { readonly name: string }
}

/** What somebody else has made: how it is named in the bill, and under which terms it may be passed on. */
interface Part {
  readonly manifest: Manifest
  readonly hash: string | undefined
  readonly scope: 'required' | 'optional'
  readonly terms: string
}

interface Locked {
  readonly version?: string
  readonly integrity?: string
}

const [kind, target = '', node] = process.argv.slice(2)
const forNpm = kind === 'npm'
const own = readManifest('.')
const locked = JSON.parse(readFileSync('package-lock.json', 'utf8')).packages as Record<string, Locked>

function readManifest(folder: string): Manifest {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
}

/** The licence of a package in its own words. Few ship no text: all of those are under that of this project. */
function termsOf(folder: string): string {
  const names = readdirSync(folder).filter((name) => /^(licen[cs]e|copying|notice)/i.test(name))
  const texts = names.sort().map((name) => readFileSync(join(folder, name), 'utf8').trim())
  if (texts.length > 0) return texts.join('\n\n')
  const { license, author = 'its authors' } = readManifest(folder)
  if (license !== own.license)
    throw new Error(`${folder} ships no text of its licence, ${license}: find one for it here`)
  const [, words = ''] = /^Copyright.*\n\n(.*)/ms.exec(readFileSync('LICENSE', 'utf8')) ?? []
  return `Copyright (c) ${typeof author === 'string' ? author : author.name}\n\n${words.trim()}`
}

function installed(folder: string): Part {
  return { manifest: readManifest(folder), hash: digest(locked[folder]), scope: 'required', terms: termsOf(folder) }
}

/** Hexadecimal, as CycloneDX wants it. */
function digest(one: Locked | undefined): string | undefined {
  return one?.integrity?.startsWith('sha512-')
    ? Buffer.from(one.integrity.slice(7), 'base64').toString('hex')
    : undefined
}

/** koffi's native parts. Those for other machines are not here, and only the lock tells of them. */
function nativeParts(): Part[] {
  const { license } = readManifest('node_modules/koffi')
  return Object.entries(locked)
    .filter(([folder]) => folder.startsWith('node_modules/@koromix/') && (forNpm || existsSync(folder)))
    .map(([folder, one]) => ({
      manifest: { name: folder.replace('node_modules/', ''), version: one.version ?? '', license },
      hash: digest(one),
      scope: forNpm ? 'optional' : 'required',
      terms: 'As of koffi.',
    }))
}

/** The one that is shipped, as its own package has it; the hash is that of the program itself. */
function nodeIn(folder: string): Part {
  const hash = createHash('sha512')
    .update(readFileSync(join(folder, 'bin/node')))
    .digest('hex')
  return { manifest: readManifest(folder), hash, scope: 'required', terms: termsOf(folder) }
}

function urlOf({ name, version }: Manifest): string {
  return `pkg:npm/${name.replace('@', '%40')}@${version}`
}

function component({ manifest, hash, scope }: Part): object {
  const { name, version, license, description } = manifest
  const [group, plain] = name.startsWith('@') ? name.split('/') : [undefined, name]
  return {
    type: 'library',
    'bom-ref': urlOf(manifest),
    group,
    name: plain,
    version,
    description,
    scope,
    hashes: hash === undefined ? undefined : [{ alg: 'SHA-512', content: hash }],
    // One licence by its SPDX id, or several joined by AND and OR.
    licenses: [/[ (]/.test(license) ? { expression: license } : { license: { id: license } }],
    purl: urlOf(manifest),
  }
}

function bill(parts: readonly Part[]): string {
  const references = parts.map(({ manifest }) => urlOf(manifest))
  const root = { type: 'application', 'bom-ref': urlOf(own), name: own.name, version: own.version, purl: urlOf(own) }
  const content = {
    $schema: 'http://cyclonedx.org/schema/bom-1.6.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    version: 1,
    metadata: { component: { ...root, licenses: [{ license: { id: own.license } }] } },
    components: parts.map(component),
    dependencies: [{ ref: urlOf(own), dependsOn: references }, ...references.map((ref) => ({ ref }))],
  }
  return `${JSON.stringify(content, undefined, 2)}\n`
}

function licences(parts: readonly Part[]): string {
  const sections = parts.map(({ manifest: { name, version, license, homepage }, terms }) => {
    const head = [`${name} ${version}`, `Licence: ${license}`, ...(homepage ? [homepage] : [])]
    return `${'-'.repeat(80)}\n${head.join('\n')}\n\n${terms.replaceAll(/\r\n/g, '\n')}\n`
  })
  return `What ${own.name} ${own.version} ships that others have made, and the terms of each.\n\n${sections.join('\n')}`
}

const notes = globSync(`${notesFolder}/*.json`).map((file): string[] => JSON.parse(readFileSync(file, 'utf8')))
const folders = [...new Set(notes.flat()), 'node_modules/koffi']
const all = [...folders.map(installed), ...nativeParts(), ...(node ? [nodeIn(node)] : [])]
// A package may lie in several folders.
const parts = [...new Map(all.map((part) => [urlOf(part.manifest), part])).values()].sort((a, b) =>
  urlOf(a.manifest) < urlOf(b.manifest) ? -1 : 1,
)
mkdirSync(target, { recursive: true })
writeFileSync(join(target, 'sbom.cdx.json'), bill(parts))
writeFileSync(join(target, 'LICENSES.txt'), licences(parts))
