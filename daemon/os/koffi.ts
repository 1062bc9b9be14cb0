import { readdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import type Koffi from 'koffi'

/**
 * koffi, loaded by name at run time, so that a machine without it still runs the rest of the program: throws as `require` does.
 * Where it can, its native part alone: the script around that takes each thread ten times as long, to find out for which libc Node
 * was built and to wrap what it warns of. A system that has musl, with which Node may have been built, leaves that to the script.
 */
export function loadKoffi(): typeof Koffi {
  const require = createRequire(import.meta.url)
  try {
    if (!hasMusl()) return require(nativePart)
  } catch {
    // Packages may lie in another order, and koffi may have been built here.
  }
  return require('koffi')
}

const { platform, arch } = process
const nativePart = `@koromix/koffi-${platform}-${arch}/${platform}_${arch}/koffi.node`

function hasMusl(): boolean {
  return readdirSync('/lib').some((name) => name.startsWith('ld-musl-'))
}
