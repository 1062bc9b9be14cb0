import { closeSync, fstatSync, openSync, readFileSync, type Stats, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'
import { Script } from 'node:vm'

/**
 * A CommonJS program whose text is ASCII, and beside it, in `FILE.cache`, what V8 compiled of it when it was built: it would compile
 * all of that anew at every start. What another version of V8 has made, or for a text of another length, V8 refuses. Damaged code it
 * would run, and end the process by a signal: that is compiled anew, and said on stderr.
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

/** Writes what V8 has compiled of that file by now. */
export function writeCache(file: string, script: Script): void {
  const data = script.createCachedData()
  writeFileSync(`${file}.cache`, Buffer.concat([data, checksumOf(data)]), { mode: 0o644 })
}

/** Undefined if there is none, it is older than the program, damaged, or others could have written it than those who may write that. */
function cacheOf(file: string, program: Stats): Buffer | undefined {
  try {
    const { content, status } = readWithStatus(`${file}.cache`)
    const hasSameOwners = status.uid === program.uid && status.gid === program.gid
    const isOurs = hasSameOwners && (status.mode & ~program.mode & 0o022) === 0
    if (!isOurs || status.mtimeMs < program.mtimeMs) return undefined
    const data = content.subarray(0, -checksumLength)
    if (checksumOf(data).equals(content.subarray(-checksumLength))) return data
    process.stderr.write(`${file}.cache is damaged, so starts take longer: build or install proxyd anew\n`)
  } catch {}
  return undefined
}

const checksumLength = 4

/**
 * FNV-1a over one word of 32 bits in 64 bytes: what disks and file systems damage is a sector of 512 at least. All words would take ten
 * times as long, and so does it to load a module of Node's that knows checksums.
 */
function checksumOf(data: Buffer): Buffer {
  const words = new Int32Array(data.buffer, data.byteOffset, data.length >> 2)
  let sum = data.length
  // No iterator: this runs once, before V8 has made it fast.
  for (let at = 0; at < words.length; at += 16) sum = Math.imul(sum ^ (words[at] ?? 0), 0x01000193)
  const checksum = Buffer.alloc(checksumLength)
  checksum.writeInt32LE(sum)
  return checksum
}

function readWithStatus(path: string): { readonly content: Buffer; readonly status: Stats } {
  const file = openSync(path, 'r')
  try {
    return { content: readFileSync(file), status: fstatSync(file) }
  } finally {
    closeSync(file)
  }
}
