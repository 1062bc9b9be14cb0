import { createRequire, isBuiltin, registerHooks } from 'node:module'
import { basename } from 'node:path'
import { getAsset } from 'node:sea'
import threads, { isMainThread, type WorkerOptions } from 'node:worker_threads'

/**
 * What the single executable runs first, in each of its threads: modules come out of the executable, as if they lay in a folder.
 * By the name of proxy-tui it is the terminal app, by any other the daemon.
 */

/** No file can be there, so nobody can put one in the place of a module. */
const folder = 'file:///dev/null/proxyd/'
const koffi = `${folder}koffi.js`
/** What an executable begins with can import Node's own modules only; a module that was required imports any. */
const gate = `${folder}gate.js`

registerHooks({
  resolve(specifier, context, next) {
    if (isBuiltin(specifier)) return next(specifier, context)
    if (specifier === 'koffi') return { url: koffi, format: 'commonjs', shortCircuit: true }
    return { url: new URL(specifier, folder).href, format: 'module', shortCircuit: true }
  },
  load(url, context, next) {
    if (!url.startsWith(folder)) return next(url, context)
    if (url === gate)
      return { format: 'module', source: 'export const load = (url) => import(url)', shortCircuit: true }
    const text = getAsset(basename(url), 'utf8')
    // As `runProgram` gives it.
    const source = url.endsWith('.cjs') ? `const importHere = (url) => import(url);${text}` : text
    return { format: url === koffi || url.endsWith('.cjs') ? 'commonjs' : 'module', source, shortCircuit: true }
  },
})

threads.Worker = class extends threads.Worker {
  /** Each has its program as an argument (`startThread`). */
  constructor(_starter: string | URL, options?: WorkerOptions) {
    super(getAsset('start.js', 'utf8'), { ...options, eval: true })
  }
}

const [, name = '', program = ''] = process.argv
const isApp = basename(name) === 'proxy-tui'
// As the daemon's first line.
if (isMainThread && !isApp) process.on('SIGHUP', () => {})
const asked = `${folder}${isApp ? 'proxy-tui-commands' : 'proxyd-main'}.cjs`
const { load } = createRequire(folder)(gate) as { load(url: string): Promise<unknown> }
void load(isMainThread ? asked : program)
