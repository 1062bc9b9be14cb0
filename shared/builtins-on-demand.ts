import type { Plugin } from 'esbuild'

/** What costs up to 25 ms of CPU to load, and is used late, or never: loaded by the first call of one of its functions. */
const loadedByCalls = new Set(
  'child_process crypto dns dns/promises fs/promises http https module os readline tls'
    .split(' ')
    .map((name) => `node:${name}`),
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
    onLoad({ filter: /^/, namespace: 'builtin' }, ({ path }) => ({ contents: written(path) }))
  },
}

/** The module as the bundle has it: each export on a line, so that those that are not used fall away. */
function written(path: string): string {
  const members = Object.entries(process.getBuiltinModule(path) ?? {})
  // A function that is called without `new` begins with a small letter.
  const isCalled = ([name, member]: [string, unknown]) => typeof member === 'function' && /^[a-z]/.test(name)
  const late = loadedByCalls.has(path) ? members.filter(isCalled).map(([name]) => name) : []
  return [
    'let loaded',
    `const builtin = () => (loaded ??= process.getBuiltinModule('${path}'))`,
    ...members.map(([name]) =>
      late.includes(name)
        ? `export const ${name} = (...given) => builtin().${name}(...given)`
        : `export const ${name} = /* @__PURE__ */ (() => builtin().${name})()`,
    ),
    late.length > 0 ? `export default { ${late.join(', ')} }` : 'export default /* @__PURE__ */ builtin()',
  ].join('\n')
}
