import { closeSync, fstatSync, openSync, readFileSync, type Stats } from 'node:fs'
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'
import { Script } from 'node:vm'

/**
 * A CommonJS program whose text is ASCII, and beside it, in `FILE.cache`, what V8 compiled of it when it was built: it would compile
 * all of that anew at every start. What another version of V8 has made, or for a text of another length, V8 refuses.
 *
 * Node has a cache as well (`module.enableCompileCache`), but one for each user, written by whatever program they run.
 */
export function compileProgram(file: string): Script {
  const { content, status } = readWithStatus(file)
  const cached = cacheOf(file, status)
  return new Script(`(function (require, __filename, importHere) {${content.toString('latin1')}\n})`, {
    filename: file,
    ...(cached && { cachedData: cached }),
  })
}

/** Runs what was compiled of that file. */
export function runProgram(script: Script, file: string): void {
  const importHere = (specifier: string) => import(new URL(specifier, pathToFileURL(file)).href)
  let required: NodeJS.Require | undefined
  const require = (specifier: string) => {
    required ??= createRequire(file)
    return required(specifier)
  }
  script.runInThisContext()(require, file, importHere)
}

/** Undefined if there is none, it is older than the program, or others could have written it than those who may write that. */
function cacheOf(file: string, program: Stats): Buffer | undefined {
  try {
    const { content, status } = readWithStatus(`${file}.cache`)
    const hasSameOwners = status.uid === program.uid && status.gid === program.gid
    const isOurs = hasSameOwners && (status.mode & ~program.mode & 0o022) === 0
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
