/**
 * The live sessions of one loop and its counters, in shared memory: the loop writes, the control plane reads whenever it
 * likes, and neither waits for the other. Columns, not objects, so that a held connection costs little. Pages that no
 * session has touched cost no memory.
 */

/** Where a session stands; the values are in `connectionStates` order of the management protocol. */
export const State = { negotiating: 0, resolving: 1, connecting: 2, open: 3, closing: 4 } as const
export type State = (typeof State)[keyof typeof State]

/** Counters of a whole loop; they only grow. */
export const Total = { accepted: 0, connected: 1, failed: 2, denied: 3, up: 4, down: 5 } as const
export type Total = (typeof Total)[keyof typeof Total]

/** Users have an index from 1 up to this; 0 stands for all clients without login. */
export const maxUsers = 65_536

const totalCount = 8
const addressBytes = 16
/** A domain name's length octet and its bytes (RFC 1928, section 5). */
const nameBytes = 256

export class SessionTable {
  readonly capacity: number
  readonly buffer: SharedArrayBuffer

  /** 0: the slot is free. Written last when a session begins and first when it ends, so a reader can tell a torn row. */
  readonly serial: Float64Array
  readonly state: Uint8Array
  /** The user's index. */
  readonly user: Uint16Array
  /** Milliseconds since 1970. */
  readonly opened: Float64Array
  /** Bytes delivered from the client to its destination, and back. */
  readonly up: Float64Array
  readonly down: Float64Array
  /** Addresses are 16 bytes a slot, IPv4 as ::ffff:a.b.c.d (RFC 4291, section 2.5.5.2). */
  readonly clientAddress: Uint8Array
  readonly clientPort: Uint16Array
  /** The address dialled, and the requested port. Port 0: nothing asked for yet. */
  readonly targetAddress: Uint8Array
  readonly targetPort: Uint16Array
  /** 256 bytes a slot: a length octet (0: the request gave an address), then the name. */
  readonly name: Uint8Array

  /** By `Total`. */
  readonly totals: Float64Array
  /**
   * By user index: live sessions, and the bytes of all that ever logged in as that user. A session belongs to 0 until
   * it has logged in.
   */
  readonly userSessions: Int32Array
  readonly userUp: Float64Array
  readonly userDown: Float64Array

  /** A new table of `capacity` slots, or a view of the one in `buffer`, which another thread made. */
  constructor(capacity: number, buffer?: SharedArrayBuffer) {
    this.capacity = capacity
    const layout = new Layout()
    const serial = layout.place(8 * capacity)
    const opened = layout.place(8 * capacity)
    const up = layout.place(8 * capacity)
    const down = layout.place(8 * capacity)
    const totals = layout.place(8 * totalCount)
    const userUp = layout.place(8 * maxUsers)
    const userDown = layout.place(8 * maxUsers)
    const userSessions = layout.place(4 * maxUsers)
    const user = layout.place(2 * capacity)
    const clientPort = layout.place(2 * capacity)
    const targetPort = layout.place(2 * capacity)
    const state = layout.place(capacity)
    const clientAddress = layout.place(addressBytes * capacity)
    const targetAddress = layout.place(addressBytes * capacity)
    const name = layout.place(nameBytes * capacity)

    this.buffer = buffer ?? new SharedArrayBuffer(layout.size)
    this.serial = new Float64Array(this.buffer, serial, capacity)
    this.opened = new Float64Array(this.buffer, opened, capacity)
    this.up = new Float64Array(this.buffer, up, capacity)
    this.down = new Float64Array(this.buffer, down, capacity)
    this.totals = new Float64Array(this.buffer, totals, totalCount)
    this.userUp = new Float64Array(this.buffer, userUp, maxUsers)
    this.userDown = new Float64Array(this.buffer, userDown, maxUsers)
    this.userSessions = new Int32Array(this.buffer, userSessions, maxUsers)
    this.user = new Uint16Array(this.buffer, user, capacity)
    this.clientPort = new Uint16Array(this.buffer, clientPort, capacity)
    this.targetPort = new Uint16Array(this.buffer, targetPort, capacity)
    this.state = new Uint8Array(this.buffer, state, capacity)
    this.clientAddress = new Uint8Array(this.buffer, clientAddress, addressBytes * capacity)
    this.targetAddress = new Uint8Array(this.buffer, targetAddress, addressBytes * capacity)
    this.name = new Uint8Array(this.buffer, name, nameBytes * capacity)
  }
}

/** Lays columns one behind the other, each aligned to 8 bytes. */
class Layout {
  size = 0

  place(bytes: number): number {
    const offset = this.size
    this.size += Math.ceil(bytes / 8) * 8
    return offset
  }
}
