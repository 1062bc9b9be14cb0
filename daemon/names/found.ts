/** What a lookup has found. */
export interface Found {
  /** Literals, in the order in which they are to be tried; none if the name has none. */
  readonly addresses: readonly string[]
  /** Milliseconds for which they may be remembered; of no meaning for a name without addresses. */
  readonly lasts: number
}

/** Finds a name's addresses. Rejects, or finds none, if they are not to be had. */
export type Find = (name: string) => Promise<Found>
