import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { type BuildOptions, build, type Plugin } from 'esbuild'
import { programHead } from '../shared/program-head.ts'
import { declareClient } from './declarations/declare-client.ts'

/** Node keeps up to 32 MiB of garbage otherwise; with much less than 8, what a frame leaves behind ends among what is kept. */
const head = programHead('--disable-sigusr1 --max-semi-space-size=4')

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
} as const satisfies BuildOptions

/**
 * Node's own modules, and of them what is used. An import statement of an ESM bundle would load each at the start, and
 * touch all that it exports: of `node:util` alone that costs a tenth of a short run.
 */
const builtinsOnDemand: Plugin = {
  name: 'builtins-on-demand',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^node:/ }, ({ path }) => ({ path, namespace: 'builtin' }))
    onLoad({ filter: /^/, namespace: 'builtin' }, ({ path }) => {
      const names = Object.keys(process.getBuiltinModule(path) ?? {})
      const exports = names.map((name) => `export const ${name} = /* @__PURE__ */ (() => builtin.${name})()`)
      return {
        contents: [`const builtin = process.getBuiltinModule('${path}')`, 'export default builtin', ...exports].join(
          '\n',
        ),
      }
    })
  },
}

const appOutside: Plugin = {
  name: 'app-outside',
  setup({ onResolve }) {
    onResolve({ filter: /\/app\/main\.tsx$/ }, ({ kind }) =>
      kind === 'dynamic-import' ? { path: `./${appBundle}.js`, external: true } : undefined,
    )
  },
}

/** Changes to what packages bring along. */
const patches: Plugin = {
  name: 'patches',
  setup({ onLoad }) {
    // Node warns of `new Buffer` outside node_modules, into the middle of the screen.
    onLoad({ filter: /\/drawille-blessed-contrib\/index\.js$/ }, async ({ path }) => ({
      contents: (await readFile(path, 'utf8')).replaceAll('new Buffer(', 'Buffer.alloc('),
    }))
    // Ink's developer tools need a package that nobody has.
    onLoad({ filter: /\/ink\/build\/devtools\.js$/ }, () => ({ contents: '' }))
  },
}

await build({
  ...common,
  entryPoints: { 'proxy-tui': 'tui/main.ts' },
  banner: { js: head },
  plugins: [builtinsOnDemand, appOutside],
})
await build({
  ...common,
  entryPoints: { [appBundle]: 'tui/app/main.tsx' },
  jsx: 'automatic',
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
  plugins: [patches],
})
// The library `proxyd/client`, readable where a stack trace leads into it.
await build({ ...common, minify: false, entryPoints: { client: 'tui/client/index.ts' }, plugins: [builtinsOnDemand] })
declareClient()
