import { formatAddress, isLoopback, isMulticast, isSame, isUnspecified } from '../../net/address.ts'
import { contains, type Network } from '../../net/network.ts'
import { Total } from '../session-table.ts'

/** Milliseconds that a balancer has to say whose a connection is. */
export const introductionTime = 5_000

/** Milliseconds for which the same trouble is not told again, whoever has it. */
const quietTime = 10_000

/** Why a connection is reset before it is anybody's. */
const troubles = {
  strange: 'proxy-protocol-from, which says who may connect, does not name it',
  malformed: 'it did not begin with a PROXY protocol header, which proxy-protocol-from demands',
  misnamed:
    'its PROXY protocol header names a client that none of its balancer can be: on loopback, multicast, or nowhere',
  late: `no PROXY protocol header came within ${introductionTime / 1000} seconds, which proxy-protocol-from demands`,
} as const

/**
 * Who says whose its connections are (PROXY protocol), and must, where nobody else may connect: a header that is taken from
 * those who send one, and not missed from others, could be anybody's.
 */
export class Balancers {
  readonly #networks: readonly Network[]
  readonly #warn: (message: string) => void
  readonly #totals: Float64Array
  readonly #toldAt = new Map<keyof typeof troubles, number>()

  /** `totals` of the table: there it is counted. */
  constructor(networks: readonly Network[], totals: Float64Array, warn: (message: string) => void) {
    this.#networks = networks
    this.#totals = totals
    this.#warn = warn
  }

  /** Whether a connection from here, 4 or 16 bytes and not IPv4-mapped, is a balancer's. If not, that is told. */
  has(address: Uint8Array): boolean {
    if (this.#networks.some((network) => contains(network, address))) return true
    this.tell('strange', address)
    return false
  }

  /**
   * Whether a balancer may name such a client (addresses as in `has`). One on loopback is on the balancer's own machine, and clients
   * there may do what those of other machines may not: so that must be this one, to which the balancer has come over loopback, or from the
   * address that it has come to, at our end.
   */
  believes(client: Uint8Array, balancer: Uint8Array, ourEnd: () => Uint8Array | undefined): boolean {
    if (isUnspecified(client) || isMulticast(client)) return false
    if (!isLoopback(client) || isLoopback(balancer)) return true
    const end = ourEnd()
    return end !== undefined && isSame(end, balancer)
  }

  /** One has left before it said whose it is. */
  left(): void {
    this.#totals[Total.left]++
  }

  /** A connection from here is reset. Who resets many is not heard of each time. */
  tell(trouble: keyof typeof troubles, address: Uint8Array): void {
    this.#totals[Total[trouble === 'misnamed' ? 'malformed' : trouble]]++
    const now = performance.now()
    if (now - (this.#toldAt.get(trouble) ?? Number.NEGATIVE_INFINITY) < quietTime) return
    this.#toldAt.set(trouble, now)
    this.#warn(`a connection from ${formatAddress(address)} was reset: ${troubles[trouble]}`)
  }
}
