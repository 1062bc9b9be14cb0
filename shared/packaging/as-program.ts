import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Plugin } from 'esbuild'

/** What esbuild makes a bundle with that `compileProgram` can compile. */
export const asProgram = {
  format: 'cjs',
  charset: 'ascii',
  outExtension: { '.js': '.cjs' },
  define: { 'import.meta.url': 'bundleUrl' },
  banner: { js: "const bundleUrl = process.getBuiltinModule('node:url').pathToFileURL(__filename).href" },
} as const

/** Has such a bundle import other files by the function that it is given: of a script of its own Node warns that its `import` may change. */
export const importsGiven: Plugin = {
  name: 'imports-given',
  setup(build) {
    build.onEnd(({ metafile }) => {
      for (const output of Object.keys(metafile?.outputs ?? {})) {
        const file = join(build.initialOptions.absWorkingDir ?? '', output)
        writeFileSync(file, readFileSync(file, 'utf8').replaceAll('import("./', 'importHere("./'))
      }
    })
  },
}
