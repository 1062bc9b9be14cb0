import { closeSync, fstatSync, openSync, readFileSync, type Stats } from 'node:fs'
import { createRequire } from 'node:module'
import { constants, Script } from 'node:vm'

/**
 * A CommonJS program whose text is ASCII, and beside it, in `FILE.cache`, what V8 compiled of it when it was built: it would compile
 * all of that anew at every start. What another version of V8 has made, or for a text of another length, V8 refuses.
 *
 * Node has a cache as well (`module.enableCompileCache`), but one for each user, written by whatever program they run.
 */
export function compileProgram(file: string): Script {
  const { content, status } = readWithStatus(file)
  const cached = cacheOf(file, status)
  return new Script(`(function (require, __filename) {${content.toString('latin1')}\n})`, {
    filename: file,
    ...(cached && { cachedData: cached }),
    importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  })
}

/** Runs what was compiled of that file. */
export function runProgram(script: Script, file: string): void {
  hideOneWarning()
  script.runInThisContext()(createRequire(file), file)
}

/** Of the first import in a script Node tells on stderr that the way it is made is experimental: nothing for whoever runs the program. */
function hideOneWarning(): void {
  const tell = process.emitWarning.bind(process) as (...given: readonly unknown[]) => void
  process.emitWarning = (...given: readonly unknown[]) => {
    if (!String(given[0]).includes('USE_MAIN_CONTEXT_DEFAULT_LOADER')) tell(...given)
  }
}

/** Undefined if there is none, it is older than the program, or others could have written it than those who may write that. */
function cacheOf(file: string, program: Stats): Buffer | undefined {
  try {
    const { content, status } = readWithStatus(`${file}.cache`)
    const isOurs = status.uid === program.uid && (status.mode & ~program.mode & 0o022) === 0
    return isOurs && status.mtimeMs >= program.mtimeMs ? content : undefined
  } catch {
    return undefined
  }
}

function readWithStatus(path: string): { readonly content: Buffer; readonly status: Stats } {
  const file = openSync(path, 'r')
  try {
    return { content: readFileSync(file), status: fstatSync(file) }
  } finally {
    closeSync(file)
  }
}
