import { isSame, isUnspecified } from '../../net/address.ts'
import type { Destination } from '../../net/destination.ts'

/**
 * The port that an association's client sends from; its address is that of the control connection (RFC 1928, section 7).
 *
 * A client may declare where it will send from, and many declare something else: some the target, those behind a NAT what
 * they are inside it. So what cannot be the client's declares nothing, and then the first datagram tells. A port that is
 * declared with the client's own address may still be the target's, on the same machine: others are taken until a
 * datagram has come from it, and none from then on.
 *
 * Whoever shares the client's address and sends first has the association; nothing tells its processes apart. Only a
 * declared port keeps them out, which is why it can be `required`: then what is declared with the client's own address
 * counts from the beginning, and `port` is 0 if nothing is.
 */
export class ClientPort {
  /** 0 until it is known. */
  port: number
  readonly #declared: number | undefined

  /** `client` is the address of the control connection's other end. */
  constructor(declared: Destination, client: Uint8Array, required: boolean) {
    const bytes = declared.kind === 'address' && declared.port !== 0 ? declared.bytes : undefined
    const isOwn = bytes !== undefined && isSame(bytes, client)
    this.#declared = isOwn ? declared.port : undefined
    this.port = (bytes && isUnspecified(bytes)) || (isOwn && required) ? declared.port : 0
  }

  /**
   * Whether what comes from this port of the client's address is the client's; what does may settle the port. Nobody is
   * at port 0, though datagrams can be made to come from it.
   */
  admits(port: number): boolean {
    if (port === 0) return false
    if (this.port === 0 || port === this.#declared) this.port = port
    return port === this.port
  }
}
