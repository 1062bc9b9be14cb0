import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Sources } from './page.ts'

/** The page, at the root of the project. */
export const pageFile = fileURLToPath(new URL('../../PROTOCOL.md', import.meta.url))

export function readSources(): Sources {
  const read = (name: string) => readFileSync(new URL(name, import.meta.url), 'utf8')
  return { template: read('PROTOCOL.template.md'), python: read('client.py'), shell: read('by-hand.sh') }
}
