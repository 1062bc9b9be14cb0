import { registerHooks } from 'node:module'
import { fileURLToPath } from 'node:url'

/**
 * Lets blessed-contrib load as it does in the bundle: on the stand-in for blessed, which is not installed. Import this
 * before what draws charts, and that with `await import()`.
 */
const standIn = fileURLToPath(new URL('../../tui/app/chart/blessed.ts', import.meta.url))

registerHooks({
  resolve: (specifier, context, next) => next(specifier === 'blessed' ? standIn : specifier, context),
})
