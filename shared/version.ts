import { readFileSync } from 'node:fs'

/** In the bundles, which may lie anywhere: put in when they are made. */
declare const bundledVersion: string | undefined

/** Of this package, as its package.json has it. */
export const version: string =
  typeof bundledVersion === 'undefined'
    ? JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')).version
    : bundledVersion
