/**
 * Every way a management call can fail: the JSON-RPC 2.0 code and the word that clients switch on
 * (`error.data.kind`). The text beside them is for people and may change.
 */
export const errorCodes = {
  parse_error: -32700,
  invalid_request: -32600,
  method_not_found: -32601,
  invalid_params: -32602,
  internal_error: -32603,
  auth_required: -32001,
  auth_failed: -32002,
  forbidden: -32003,
  rate_limited: -32010,
  busy: -32011,
  too_large: -32012,
  not_found: -32020,
  exists: -32021,
  conflict: -32022,
  draining: -32030,
  unsupported_version: -32031,
  unavailable: -32032,
} as const

export type ErrorKind = keyof typeof errorCodes

/** A refusal that travels: thrown by a handler in the daemon, and thrown again from the client's call. */
export class RpcError extends Error {
  readonly kind: ErrorKind
  /** Fields beside `kind` in `error.data`, such as the supported versions; from a client's call also its `method`. */
  readonly details: Record<string, unknown>

  constructor(kind: ErrorKind, message: string, details: Record<string, unknown> = {}) {
    super(message)
    this.name = 'RpcError'
    this.kind = kind
    this.details = details
  }
}
