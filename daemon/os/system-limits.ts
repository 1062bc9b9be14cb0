import { readFileSync } from 'node:fs'

/** How many descriptors this process may have open (RLIMIT_NOFILE, getrlimit(2)); infinity where nothing limits them. */
export function descriptorLimit(): number {
  const limit = process.platform === 'linux' ? limitInProc() : undefined
  return limit ?? limitInReport()
}

/** Undefined where /proc is not mounted. */
function limitInProc(): number | undefined {
  try {
    const [, limit] = /^Max open files +(\d+|unlimited)/m.exec(readFileSync('/proc/self/limits', 'latin1')) ?? []
    if (limit === undefined) return undefined
    return limit === 'unlimited' ? Number.POSITIVE_INFINITY : Number(limit)
  } catch {
    return undefined
  }
}

/** The one place where Node tells of limits, at the price of 10 ms. It need not look for the names of all peers meanwhile. */
function limitInReport(): number {
  Object.assign(process.report, { excludeNetwork: true })
  const { userLimits } = process.report.getReport() as { userLimits?: { open_files?: { soft?: unknown } } }
  const limit = Number(userLimits?.open_files?.soft)
  return Number.isNaN(limit) ? Number.POSITIVE_INFINITY : limit
}

/** Ports that the system gives to whoever asks for any (ip(7), ip_local_port_range); infinity where it does not tell. */
export function freePorts(): number {
  try {
    const range = readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'latin1')
    const [, first, last] = /^(\d+)\s+(\d+)/.exec(range) ?? []
    return last === undefined ? Number.POSITIVE_INFINITY : Number(last) - Number(first) + 1
  } catch {
    return Number.POSITIVE_INFINITY
  }
}

/** The first port that takes no right to listen on: ip(7), ip_unprivileged_port_start. */
export function firstFreelyTakenPort(): number {
  try {
    return Number(readFileSync('/proc/sys/net/ipv4/ip_unprivileged_port_start', 'latin1'))
  } catch {
    return 1024
  }
}
