import { statSync } from 'node:fs'
import { isIP } from 'node:net'
import { readPlainFile, UnfitFile } from '../../shared/whole-file.ts'

/** A hosts file that is larger is left to the system's resolver, in bytes. */
const mostBytes = 1024 * 1024

/**
 * `localhost` and all below is this machine (RFC 6761, section 6.3), and a literal, such as one with a zone, is itself;
 * undefined for any other name.
 */
export function findByRule(name: string): readonly string[] | undefined {
  if (isIP(name) !== 0) return [name]
  return /(^|\.)localhost$/.test(name) ? ['::1', '127.0.0.1'] : undefined
}

/** A hosts file (hosts(5)), read again when it has changed. One that cannot be read names nobody. */
export class HostsFile {
  readonly #path: string
  readonly #warn: (message: string) => void
  #addresses: ReadonlyMap<string, readonly string[]> = new Map()
  /** Tells whether the file is still the one that was read. */
  #version = ''

  constructor(path: string, warn: (message: string) => void) {
    this.#path = path
    this.#warn = warn
  }

  /** The name's addresses, in the file's order; undefined if it is not there. */
  find(name: string): readonly string[] | undefined {
    this.#readAgain()
    return this.#addresses.get(name)
  }

  #readAgain(): void {
    const file = statSync(this.#path, { throwIfNoEntry: false })
    const version = file ? `${file.ino} ${file.size} ${file.mtimeMs}` : ''
    if (version === this.#version) return
    this.#version = version
    this.#addresses = file ? this.#read() : new Map()
  }

  #read(): ReadonlyMap<string, readonly string[]> {
    try {
      return parseHosts(readPlainFile(this.#path, mostBytes).toString('latin1'))
    } catch (error) {
      const why =
        error instanceof UnfitFile
          ? `${this.#path} ${error.message}`
          : `cannot read ${this.#path}: ${(error as Error).message}`
      this.#warn(`${why}: its names wait for the system's resolver like others`)
      return new Map()
    }
  }
}

/** Each line: an address, then its names, up to a `#`. */
function parseHosts(text: string): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>()
  for (const line of text.split('\n')) {
    const [address = '', ...names] = line.replace(/#.*/, '').trim().split(/\s+/)
    if (isIP(address) === 0) continue
    for (const name of names) {
      const key = name.toLowerCase().replace(/\.$/, '')
      const known = found.get(key)
      if (!known) found.set(key, [address])
      else if (!known.includes(address)) known.push(address)
    }
  }
  return found
}
