import type { Plugin } from 'esbuild'

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
