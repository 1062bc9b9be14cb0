import { readFileSync } from 'node:fs'

/** By number, as linux/capability.h has them. */
const numbers = { chown: 0, netBindService: 10 } as const

/** Whether this process has a capability in effect (capabilities(7)); where /proc does not tell, whether it is root. */
export function hasCapability(name: keyof typeof numbers): boolean {
  try {
    const [, set] = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'latin1')) ?? []
    if (set !== undefined) return ((BigInt(`0x${set}`) >> BigInt(numbers[name])) & 1n) === 1n
  } catch {
    // Without /proc, or on a system that has no capabilities.
  }
  return process.geteuid?.() === 0
}
