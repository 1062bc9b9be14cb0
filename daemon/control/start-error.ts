import type { Endpoint } from '../net/endpoint.ts'

/** Why the management server cannot start: one line for people that names the cause and the mend. */
export class ControlStartError extends Error {
  /** The exit status: 2 for a mistake in the settings, 1 for what the machine refuses. */
  readonly status: 1 | 2

  constructor(message: string, status: 1 | 2 = 1) {
    super(message)
    this.status = status
  }
}

/** One of its TCP sockets cannot be had. */
export class ControlListenError extends Error {
  readonly endpoint: Endpoint
  /** As in errno(3): EADDRINUSE, EACCES, EADDRNOTAVAIL, EAFNOSUPPORT. */
  readonly code: string | undefined
  readonly service: 'control' | 'control-tls' | 'metrics'

  constructor(endpoint: Endpoint, code: string | undefined, service: ControlListenError['service']) {
    super(`cannot listen on ${endpoint.address} port ${endpoint.port}: ${code}`)
    this.endpoint = endpoint
    this.code = code
    this.service = service
  }
}
