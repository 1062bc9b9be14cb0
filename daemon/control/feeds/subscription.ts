/** What a feed may do to a client's connection. */
export interface Outlet {
  /** Whether a push may be sent now. Once it may again, `Subscription.pump` is called. */
  readonly ready: boolean
  send(line: string): void
}

/** One client's share in a feed. */
export interface Subscription {
  /** Send what waits, as long as the outlet is ready. */
  pump(): void
  stop(): void
}
