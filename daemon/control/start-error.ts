/** Why the management server cannot start: one line for people that names the cause and the mend. */
export class ControlStartError extends Error {}

/** One of its TCP sockets cannot be had. */
export class ControlListenError extends Error {
  readonly endpoint: Endpoint
  /** As in errno(3): EADDRINUSE, EACCES, EADDRNOTAVAIL, EAFNOSUPPORT. */
  readonly code: string | undefined

  constructor(endpoint: Endpoint, code: string | undefined) {
    super(`cannot listen on ${endpoint.address} port ${endpoint.port}: ${code}`)
    this.endpoint = endpoint
    this.code = code
  }
}

/** A TCP socket: an IPv4 or IPv6 literal without brackets, and a port (0: any). */
export interface Endpoint {
  readonly address: string
  readonly port: number
}
