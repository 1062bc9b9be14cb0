import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { type BuildOptions, build, type Plugin } from 'esbuild'

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

/** blessed-contrib's line chart needs next to nothing of blessed: see the stand-in. */
const blessedStandIn: Plugin = {
  name: 'blessed-stand-in',
  setup({ onResolve }) {
    onResolve({ filter: /^blessed$/ }, () => ({
      path: fileURLToPath(new URL('app/chart/blessed.ts', import.meta.url)),
    }))
  },
}

/** Node warns of `new Buffer` outside node_modules, into the middle of the screen. */
const safeBuffers: Plugin = {
  name: 'safe-buffers',
  setup({ onLoad }) {
    onLoad({ filter: /\/drawille-blessed-contrib\/index\.js$/ }, async ({ path }) => ({
      contents: (await readFile(path, 'utf8')).replaceAll('new Buffer(', 'Buffer.alloc('),
    }))
  },
}

await build({ ...common, entryPoints: { 'proxy-tui': 'tui/main.ts' }, plugins: [builtinsOnDemand, appOutside] })
await build({
  ...common,
  entryPoints: { [appBundle]: 'tui/app/main.tsx' },
  jsx: 'automatic',
  // React's development build takes more than twice the time; DEV would load developer tools that are not there.
  define: { 'process.env.NODE_ENV': '"production"', 'process.env.DEV': '"false"' },
  banner: {
    js: "import { createRequire as requireFrom } from 'node:module'\nconst require = requireFrom(import.meta.url)",
  },
  external: ['react-devtools-core'],
  plugins: [blessedStandIn, safeBuffers],
})
