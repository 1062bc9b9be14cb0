export interface ConnectOptions {
  /** Milliseconds for everything up to the login, the asking for a password left out; 10,000 unless told. */
  readonly timeoutMs?: number | undefined
  /** Gives up: `connect` rejects with code `closed`. Once connected, it has no more effect. */
  readonly signal?: AbortSignal | undefined
  /**
   * Milliseconds without a byte after which the daemon is asked for a sign of life; if none comes within as many, the
   * connection ends with code `silent`. 15,000 unless told; 0 never asks.
   */
  readonly keepAliveMs?: number | undefined
  /** What the daemon shall call this program: at most 64 characters. */
  readonly name?: string | undefined
  /**
   * Judges all that the daemon says: a call whose result is wrong rejects with code `malformed`, and an event that is wrong is
   * dropped; before the login both end the connection. Unless given, all is taken as it comes: a daemon is trusted once it has
   * proved itself.
   */
  readonly judge?: Judge | undefined
}

/** What is wrong with a method's result or the parameters of an event, in words; null if nothing is. */
export type Judge = (said: 'result' | 'event', name: string, value: unknown) => string | null

/** As given, or as it is without being told. */
export interface SettledOptions {
  readonly timeoutMs: number
  readonly signal: AbortSignal | undefined
  readonly keepAliveMs: number
  readonly name: string
  readonly judge: Judge
}

/** What Node's timers can count to; they take more for nothing. */
const longest = 2 ** 31 - 1

/** Fill in what was not told. Throws `RangeError`. */
export function readOptions(options: ConnectOptions): SettledOptions {
  const { timeoutMs = 10_000, signal, keepAliveMs = 15_000, name = 'proxyd/client', judge = () => null } = options
  if (!(timeoutMs >= 1 && timeoutMs <= longest)) throw new RangeError(`timeoutMs must be from 1 to ${longest}`)
  if (!(keepAliveMs >= 0 && keepAliveMs <= longest)) throw new RangeError(`keepAliveMs must be from 0 to ${longest}`)
  if (name.length > 64) throw new RangeError('name must be at most 64 characters')
  return { timeoutMs, signal, keepAliveMs, name, judge }
}
