import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { type BuildOptions, build, type Plugin } from 'esbuild'
import { builtinsOnDemand } from '../shared/builtins-on-demand.ts'
import { asProgram, importsGiven } from '../shared/packaging/as-program.ts'
import { noteBundled } from '../shared/packaging/bundled.ts'
import { nodeNeeded, programHead } from '../shared/program-head.ts'
import { version } from '../shared/version.ts'
import { declareClient } from './declarations/declare-client.ts'
import { shapeTexts } from './judge/shapes.ts'

/**
 * Node keeps up to 32 MiB of garbage otherwise; with less than 4, what a frame leaves behind ends among what is kept. glibc keeps
 * what was freed by V8's threads for each of them, and what V8 needed to compile the app for nobody: 10 MiB in all.
 */
const head = programHead('--disable-sigusr1 --max-semi-space-size=2 --min-semi-space-size=2', [
  'MALLOC_ARENA_MAX=1',
  `MALLOC_MMAP_THRESHOLD_=${32 * 1024}`,
])

/** One file for each way to run, so that commands load no byte of the terminal app and one file only. */
const appBundle = 'proxy-tui-app'

const common = {
  absWorkingDir: fileURLToPath(new URL('..', import.meta.url)),
  outdir: 'dist',
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node24',
  minify: true,
  legalComments: 'none',
  logLevel: 'warning',
  metafile: true,
} as const satisfies BuildOptions

const appOutside: Plugin = {
  name: 'app-outside',
  setup({ onResolve }) {
    onResolve({ filter: /\/app\/main\.tsx$/ }, ({ kind }) =>
      kind === 'dynamic-import' ? { path: `./${appBundle}.js`, external: true } : undefined,
    )
  },
}

/** The shapes of what a daemon says are written out, and what they are made from stays away. */
const shapesWritten: Plugin = {
  name: 'shapes-written',
  setup({ onLoad }) {
    onLoad({ filter: /\/judge\/shapes\.ts$/ }, () => ({
      contents: `export const shapeTexts = ${JSON.stringify(shapeTexts)}`,
    }))
  },
}

const frame = fileURLToPath(new URL('app/terminal/frame.ts', import.meta.url))

/** Changes to what packages bring along. */
const patches: Plugin = {
  name: 'patches',
  setup({ onLoad }) {
    // Node warns of `new Buffer` outside node_modules, into the middle of the screen.
    onLoad({ filter: /\/drawille-blessed-contrib\/index\.js$/ }, async ({ path }) => ({
      contents: (await readFile(path, 'utf8')).replaceAll('new Buffer(', 'Buffer.alloc('),
    }))
    // Of Ink's way to put a frame together, what takes most is done in ours.
    onLoad({ filter: /\/ink\/build\/output\.js$/ }, async ({ path }) => {
      const text = await readFile(path, 'utf8')
      const contents = text.replace('export default class Output', 'class Output')
      if (contents === text) throw new Error('Ink puts frames together in another way now')
      return { contents: `${contents}\nimport { frameBeside } from '${frame}'\nexport default frameBeside(Output)` }
    })
    // Ink measures each text anew with each frame, though it remembers what it has measured for its layout.
    onLoad({ filter: /\/ink\/build\/render-node-to-output\.js$/ }, async ({ path }) => {
      const text = await readFile(path, 'utf8')
      const contents = text
        .replace("import widestLine from 'widest-line'", "import measureText from './measure-text.js'")
        .replace('widestLine(text)', 'measureText(text).width')
      if (contents.includes('widestLine')) throw new Error('Ink measures what it writes in another way now')
      return { contents }
    })
    // Ink's developer tools need a package that nobody has.
    onLoad({ filter: /\/ink\/build\/devtools\.js$/ }, () => ({ contents: '' }))
  },
}

const commands = await build({
  ...common,
  ...asProgram,
  entryPoints: { 'proxy-tui-commands': 'tui/main.ts' },
  define: { ...asProgram.define, bundledVersion: JSON.stringify(version) },
  plugins: [importsGiven, builtinsOnDemand, appOutside, shapesWritten],
})
await build({
  ...common,
  entryPoints: { 'proxy-tui': 'tui/start.ts' },
  banner: { js: head + nodeNeeded('proxy-tui') },
  plugins: [builtinsOnDemand],
})
const app = await build({
  ...common,
  entryPoints: { [appBundle]: 'tui/app/main.tsx' },
  jsx: 'automatic',
  // What esbuild takes for too new it would have made anew for each character.
  supported: { 'regexp-unicode-property-escapes': true, 'regexp-set-notation': true },
  define: {
    // React's development build takes more than twice the time.
    'process.env.NODE_ENV': '"production"',
    // Ink's layout would fetch its own data: URL, for which Node loads all that it has for HTTP: 8 MB.
    fetch: 'undefined',
  },
  // blessed-contrib's canvas needs next to nothing of blessed.
  alias: { blessed: './tui/app/chart/blessed.ts' },
  banner: {
    js: "import { createRequire as requireFrom } from 'node:module'\nconst require = requireFrom(import.meta.url)",
  },
  plugins: [shapesWritten, patches],
})
// The library `proxyd/client`, readable where a stack trace leads into it.
const client = await build({
  ...common,
  minify: false,
  entryPoints: { client: 'tui/client/index.ts' },
  plugins: [builtinsOnDemand],
})
noteBundled('proxy-tui', [commands, app, client])
declareClient()
