import type { Plugin } from 'esbuild'

/** What costs 3 to 25 ms of CPU to load (TLS), and is called rarely or never: loaded by the first call of one of its functions. */
const loadedByCalls = new Set(
  ['child_process', 'dns', 'dns/promises', 'fs/promises', 'http', 'https', 'readline', 'tls'].map(
    (name) => `node:${name}`,
  ),
)

/**
 * Node's own modules, and of them what is used. An import statement of an ESM bundle would load each at the start, and
 * touch all that it exports: of `node:http` alone that loads a whole client for the web.
 */
export const builtinsOnDemand: Plugin = {
  name: 'builtins-on-demand',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^node:/ }, ({ path, kind }) =>
      kind === 'require-call' ? undefined : { path, namespace: 'builtin' },
    )
    onLoad({ filter: /^/, namespace: 'builtin' }, ({ path }) => ({
      contents: loadedByCalls.has(path) ? wrapped(path) : taken(path),
    }))
  },
}

function taken(path: string): string {
  const names = Object.keys(process.getBuiltinModule(path) ?? {})
  const exports = names.map((name) => `export const ${name} = /* @__PURE__ */ (() => builtin.${name})()`)
  return [`const builtin = process.getBuiltinModule('${path}')`, 'export default builtin', ...exports].join('\n')
}

/** Functions only; a class or a constant of such a module fails the build. */
function wrapped(path: string): string {
  const members = Object.entries(process.getBuiltinModule(path) ?? {})
  const names = members.flatMap(([name, member]) => (typeof member === 'function' && /^[a-z]/.test(name) ? name : []))
  const exports = names.map(
    (name) => `export const ${name} = (...given) => process.getBuiltinModule('${path}').${name}(...given)`,
  )
  return [...exports, `export default { ${names.join(', ')} }`].join('\n')
}
