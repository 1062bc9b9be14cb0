import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type BuildOptions, build, type Plugin } from 'esbuild'
import { builtinsOnDemand } from '../shared/builtins-on-demand.ts'
import { asProgram, importsGiven } from '../shared/packaging/as-program.ts'
import { noteBundled } from '../shared/packaging/bundled.ts'
import { daemonFlags, nodeNeeded, programHead } from '../shared/program-head.ts'
import { version } from '../shared/version.ts'

/** What few daemons need has a file of its own, which is loaded where it is imported. */
const clientOutside: Plugin = {
  name: 'client-outside',
  setup({ onResolve }) {
    onResolve({ filter: /\/postgres-client\.ts$/ }, ({ kind }) =>
      kind === 'dynamic-import' ? { path: './postgres-client.js', external: true } : undefined,
    )
  },
}

/** Bundles the daemon into dist/: proxyd.js, what that starts, the worker that each loop of the Linux engine runs in, and the threads of store, rules and access log. */
const common = {
  absWorkingDir: fileURLToPath(new URL('..', import.meta.url)),
  outdir: 'dist',
  bundle: true,
  platform: 'node',
  target: 'node24',
  plugins: [builtinsOnDemand, clientOutside],
  // Names stay: what the log tells of a fault is for people.
  minifyWhitespace: true,
  minifySyntax: true,
  legalComments: 'none',
  logLevel: 'warning',
  metafile: true,
} as const satisfies BuildOptions
// koffi finds its native part by its own place in node_modules; of pg's there is none, and Cloudflare's sockets are not here.
const external = ['koffi', 'pg-native', 'cloudflare:sockets']

const programs = await build({
  ...common,
  ...asProgram,
  entryPoints: {
    'proxyd-main': 'daemon/main.ts',
    worker: 'daemon/engine/linux/worker.ts',
    'store-thread': 'daemon/store/store-thread.ts',
    'log-thread': 'daemon/access-log/log-thread.ts',
    'compile-thread': 'daemon/rules/compile-thread.ts',
    'foreign-hash-thread': 'daemon/access/foreign-hash-thread.ts',
  },
  define: { ...asProgram.define, bundledVersion: JSON.stringify(version) },
  plugins: [...common.plugins, importsGiven],
  external,
})
const client = await build({
  ...common,
  entryPoints: { 'postgres-client': 'daemon/store/postgres/postgres-client.ts' },
  format: 'esm',
  external,
  // The CommonJS packages inside call `require` for Node's own modules, which an ESM bundle lacks.
  banner: {
    js: "import { createRequire as requireFrom } from 'node:module'\nconst require = requireFrom(import.meta.url)",
  },
})
await build({ ...common, format: 'esm', entryPoints: { 'proxyd-start': 'daemon/start.ts' } })
await build({ ...common, ...asProgram, entryPoints: { 'thread-start': 'daemon/thread-start.ts' } })
noteBundled('proxyd', [programs, client])

/**
 * A file of its own, since an older Node would fail at what the rest imports. A daemon outlives its terminal, also one that
 * goes while it starts. Of the 30 ms before this line nobody can take SIGHUP away: Node gives all signals their defaults back.
 */
const entry = `${programHead(daemonFlags.join(' '))}process.on('SIGHUP', () => {})
${nodeNeeded('proxyd')}await import('./proxyd-start.js')
`
writeFileSync(fileURLToPath(new URL('../dist/proxyd.js', import.meta.url)), entry)
