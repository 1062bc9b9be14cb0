/** A user as kept between runs. */
export interface StoredUser {
  readonly name: string
  /** A text of `formatPasswordHash`; the store does not look inside. */
  readonly password: string
  readonly enabled: boolean
  /** Whole milliseconds since 1970. */
  readonly created: number
}

/** Users that last: a change that has resolved survives a crash, one that has rejected was not made. */
export interface UserStore {
  /** All of them, in no particular order. */
  list(): Promise<StoredUser[]>
  /** False if the name is taken; then nothing has changed. */
  insert(user: StoredUser): Promise<boolean>
  /** Replaces the user of that name; false if there is none. */
  update(user: StoredUser): Promise<boolean>
  /** Does nothing if there is none. */
  remove(name: string): Promise<void>
}
