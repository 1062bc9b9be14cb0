import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { programHead } from '../shared/program-head.ts'

/** Bundles the daemon into dist/: proxyd.js, the worker that each loop of the Linux engine runs in, and the threads of store, rules and access log. */
await build({
  absWorkingDir: fileURLToPath(new URL('..', import.meta.url)),
  entryPoints: {
    proxyd: 'daemon/main.ts',
    worker: 'daemon/engine/linux/worker.ts',
    'store-thread': 'daemon/store/store-thread.ts',
    'log-thread': 'daemon/access-log/log-thread.ts',
    'compile-thread': 'daemon/rules/compile-thread.ts',
    'foreign-hash-thread': 'daemon/access/foreign-hash-thread.ts',
  },
  outdir: 'dist',
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node24',
  // koffi finds its native part by its own place in node_modules.
  external: ['koffi'],
  // The CommonJS packages inside call `require` for Node's own modules, which an ESM bundle lacks.
  banner: {
    js: `${programHead}import { createRequire as requireFrom } from 'node:module'\nconst require = requireFrom(import.meta.url)`,
  },
  legalComments: 'none',
  logLevel: 'warning',
})
