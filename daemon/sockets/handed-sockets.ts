import { closeSync } from 'node:fs'
import type { Server } from 'node:net'
import { parseAddress } from '../net/address.ts'
import type { Endpoint } from '../net/endpoint.ts'

/** What a listening socket is for. */
export type SocketRole = 'socks' | 'forward' | 'control' | 'control-tls' | 'metrics'

/** A listening socket under its name: found by that, and not by its number, which says nothing to another process. */
export interface NamedSocket extends Endpoint {
  readonly role: SocketRole
  readonly fd: number
  /** One more descriptor of a socket that systemd listens on itself, also when this process does not: nobody else can bind its port. */
  readonly isLasting?: boolean
}

/** Listening sockets that another process has handed over, until whoever wants them takes them. */
export class HandedSockets {
  readonly #left: NamedSocket[]
  /** Of those that have been taken, these outlast being closed: for the next process, and to be listened on again. */
  readonly lasting: readonly NamedSocket[]

  constructor(sockets: readonly NamedSocket[]) {
    this.#left = sockets.filter(({ isLasting }) => !isLasting)
    this.lasting = sockets.filter(({ isLasting }) => isLasting)
  }

  /**
   * All those of one port that are for this: the loops of the process before may have had one each, and whoever waits at one that
   * nobody takes is lost. For port 0 any port will do, and the one that clients know already is the best.
   */
  take(role: SocketRole, { address, port }: Endpoint): NamedSocket[] {
    const mayBe = this.#left.filter((socket) => socket.role === role && isSameAddress(socket.address, address))
    const first = mayBe.find((socket) => port === 0 || socket.port === port)
    const taken = mayBe.filter((socket) => socket.port === first?.port)
    for (const socket of taken) this.#left.splice(this.#left.indexOf(socket), 1)
    return taken
  }

  /** Gives back those that nobody has taken, of addresses that are not served any more. */
  closeRest(): void {
    for (const { fd } of this.#left.splice(0)) closeSync(fd)
  }
}

/** Whether a socket that listens `at` there is what is wanted: for port 0 any will do. */
export function isFor(at: Endpoint, wanted: Endpoint): boolean {
  return isSameAddress(at.address, wanted.address) && (wanted.port === 0 || wanted.port === at.port)
}

/** The descriptor of a server that listens: Node has no public word for it. */
export function descriptorOf(server: Server): number {
  return (server as unknown as { readonly _handle: { readonly fd: number } })._handle.fd
}

/** However they are written; those with a zone are the same if they are written so. */
function isSameAddress(one: string, other: string): boolean {
  if (one === other) return true
  const bytes = [one, other].map((text) => (text.includes('%') ? undefined : parseAddress(text)?.bytes.join()))
  return bytes[0] !== undefined && bytes[0] === bytes[1]
}
