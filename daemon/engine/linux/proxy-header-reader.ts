import { unmapped } from '../../net/address.ts'
import { EPOLLIN } from '../../os/epoll.ts'
import { close, errno, recv } from '../../os/libc.ts'
import { boundAddress, resetOnClose } from '../../os/socket.ts'
import { bytesOf, socketAddressBytes } from '../../os/socket-address.ts'
import { type Introduced, ProxyHeader } from '../../socks/proxy-header.ts'
import { type Balancers, introductionTime } from '../shared/balancers.ts'
import type { LoopContext } from './context.ts'
import type { SharedCount } from './shared-counts.ts'

/** What is read at once of a header, and of what follows it. */
const readBytes = 2048

/** A connection of a balancer that has not said yet whose it is. */
interface Arrival {
  /** The balancer's socket address. */
  readonly from: Uint8Array
  readonly header: ProxyHeader
  /** When its time is over, on the loop's clock. */
  until: number
  isWatched: boolean
}

/**
 * Hears from balancers whose their connections are (PROXY protocol). Until then a connection is no session and counts for
 * nobody, but takes a place among all: one that ends before it is anybody's leaves no trace.
 */
export class ProxyHeaderReader {
  readonly #loop: Pick<LoopContext, 'epoll' | 'clock' | 'openDescriptors'>
  readonly #balancers: Balancers
  /** Of all loops, sessions included. */
  readonly #live: SharedCount
  /** The epoll key of descriptor 0; the others follow. */
  readonly #firstKey: number
  readonly #enter: (fd: number, from: Uint8Array, introduced: Introduced) => void
  /** By descriptor, those first who came first. */
  readonly #arrivals = new Map<number, Arrival>()
  readonly #buffer = new Uint8Array(readBytes)

  constructor(
    loop: Pick<LoopContext, 'epoll' | 'clock' | 'openDescriptors'>,
    balancers: Balancers,
    live: SharedCount,
    firstKey: number,
    enter: (fd: number, from: Uint8Array, introduced: Introduced) => void,
  ) {
    this.#loop = loop
    this.#balancers = balancers
    this.#live = live
    this.#firstKey = firstKey
    this.#enter = enter
  }

  get isEmpty(): boolean {
    return this.#arrivals.size === 0
  }

  /** Hear who a connection just accepted, from this socket address, is. Usually that has been said already. */
  begin(fd: number, from: Uint8Array): void {
    if (!this.#balancers.has(addressIn(from))) return reset(fd)
    const { clock, epoll } = this.#loop
    const arrival = {
      from: from.slice(),
      header: new ProxyHeader(),
      until: clock.now + introductionTime,
      isWatched: false,
    }
    this.#live.add(1)
    this.#loop.openDescriptors.add(fd)
    this.#arrivals.set(fd, arrival)
    this.#read(fd, arrival)
    if (!this.#arrivals.has(fd)) return
    arrival.isWatched = true
    if (epoll.add(fd, EPOLLIN, this.#firstKey + fd, 0) < 0) this.#drop(fd)
  }

  /** The connection with this key has more to say, or is over. */
  onEvent(key: number): void {
    const fd = key - this.#firstKey
    const arrival = this.#arrivals.get(fd)
    if (arrival) this.#read(fd, arrival)
  }

  /** See `Sessions.stoodStill`. */
  stoodStill(milliseconds: number): void {
    for (const arrival of this.#arrivals.values()) arrival.until += milliseconds
  }

  /** Milliseconds until somebody's time is over, or infinity. */
  untilNext(): number {
    const [first] = this.#arrivals.values()
    return first ? Math.max(0, first.until - this.#loop.clock.now) : Number.POSITIVE_INFINITY
  }

  /** Reset those whose time is over. */
  sweep(): void {
    for (const [fd, { until, from }] of this.#arrivals) {
      if (until > this.#loop.clock.now) return
      this.#balancers.tell('late', addressIn(from))
      this.#drop(fd)
    }
  }

  /** Reset all. */
  close(): void {
    for (const fd of this.#arrivals.keys()) this.#drop(fd)
  }

  #read(fd: number, arrival: Arrival): void {
    const count = recv(fd, this.#buffer, readBytes, 0)
    if (count === -errno.EAGAIN) return
    // It was only seen whether somebody listens here.
    if (count <= 0) {
      this.#balancers.left()
      return this.#drop(fd)
    }
    const introduction = arrival.header.receive(this.#buffer.subarray(0, count))
    if (introduction.kind === 'more') return
    const balancer = addressIn(arrival.from)
    if (introduction.kind === 'malformed') return this.#refuse('malformed', fd, balancer)
    if (introduction.kind === 'client' && !this.#balancers.believes(introduction.address, balancer, () => ourEnd(fd)))
      return this.#refuse('misnamed', fd, balancer)
    if (arrival.isWatched) this.#loop.epoll.remove(fd)
    this.#forget(fd)
    this.#enter(fd, arrival.from, introduction)
    // Only now, lest its place is given away.
    this.#live.add(-1)
  }

  #refuse(trouble: 'malformed' | 'misnamed', fd: number, balancer: Uint8Array): void {
    this.#balancers.tell(trouble, balancer)
    this.#drop(fd)
  }

  #drop(fd: number): void {
    this.#forget(fd)
    this.#live.add(-1)
    reset(fd)
  }

  #forget(fd: number): void {
    this.#arrivals.delete(fd)
    this.#loop.openDescriptors.delete(fd)
  }
}

function addressIn(from: Uint8Array): Uint8Array {
  return unmapped(bytesOf(from))
}

function ourEnd(fd: number): Uint8Array | undefined {
  const own = new Uint8Array(socketAddressBytes)
  return boundAddress(fd, own) < 0 ? undefined : addressIn(own)
}

function reset(fd: number): void {
  resetOnClose(fd)
  close(fd)
}
