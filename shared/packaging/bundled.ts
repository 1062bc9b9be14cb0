import { mkdirSync, writeFileSync } from 'node:fs'
import type { BuildResult } from 'esbuild'

/** Where each program's bundling notes the packages that got into its files, from the root of the project. */
export const notesFolder = 'dist/bundled'

/** Notes which packages' code is in the files that esbuild has just written, called from the root: a list of folders. */
export function noteBundled(program: string, results: readonly BuildResult<{ metafile: true }>[]): void {
  const files = results.flatMap(({ metafile }) => Object.values(metafile.outputs))
  const inputs = files.flatMap((file) =>
    Object.entries(file.inputs).filter(([, { bytesInOutput }]) => bytesInOutput > 0),
  )
  // The innermost package is the one that has the file; a name may have a scope before it.
  const folders = inputs.map(([path]) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0])
  mkdirSync(notesFolder, { recursive: true })
  const found = [...new Set(folders.filter((folder) => folder !== undefined))].sort()
  writeFileSync(`${notesFolder}/${program}.json`, JSON.stringify(found))
}
