/**
 * Sockets at which datagrams wait, first come first served. Each gets a batch at a time and then waits behind the
 * others, so that who is flooded delays neither other associations nor what else the loop has to do for long. What waits
 * elsewhere has a number below 0 in place of a descriptor.
 */
export class ReadySockets<Owner> {
  /** By descriptor. */
  readonly #owners = new Map<number, Owner>()

  get isEmpty(): boolean {
    return this.#owners.size === 0
  }

  add(fd: number, owner: Owner): void {
    this.#owners.set(fd, owner)
  }

  /** The socket is closed. */
  delete(fd: number): void {
    this.#owners.delete(fd)
  }

  /**
   * Serve one after the other until `most` datagrams have been taken or none is left. `serve` takes a batch, tells how
   * many datagrams it has found, and has added the socket again if more may wait.
   */
  take(most: number, serve: (fd: number, owner: Owner) => number): void {
    let taken = 0
    for (const [fd, owner] of this.#owners) {
      if (taken >= most) return
      this.#owners.delete(fd)
      // To find nothing costs a call as well.
      taken += Math.max(1, serve(fd, owner))
    }
  }
}
