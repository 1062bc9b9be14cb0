import { readFileSync } from 'node:fs'

/** The version in package.json, which lies one folder up from the source and from the bundle alike. */
export function readVersion(): string {
  return JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')).version
}
