/** What a crowd is asked to do, as its one argument in JSON. */
export interface Orders {
  /** The proxy's port on 127.0.0.1. */
  readonly port: number
  /** Connections in total, and how many of them at once. */
  readonly count: number
  readonly atOnce: number
  /** Only endings after which all that was sent has been received. */
  readonly exactOnly: boolean
}

/** What it tells when all have ended, on its standard output in JSON. */
export interface Report {
  readonly done: number
  /** Endings that went otherwise than told: which, and why. */
  readonly failures: readonly string[]
  /** Bytes of payload that the kernel took from the one side, and gave to the other. */
  readonly up: { readonly sent: number; readonly received: number }
  readonly down: { readonly sent: number; readonly received: number }
}
