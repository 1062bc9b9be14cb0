import type { Part } from './lendable-store.ts'
import type { StoreError } from './store.ts'

/** A call of one of the store's parts. */
interface Call {
  readonly ticket: number
  readonly part: Part
  readonly method: string
  readonly given: readonly unknown[]
}

/** To it: calls, and the orders to close the store for another process, to open it again, to `shrinkHeap`, and to end. */
export type ToStore = Call | { readonly ticket: number; readonly order: StoreOrder } | 'close'

/** `lendCopied`: a copy is kept until the store is taken back. */
export type StoreOrder = 'lend' | 'lendCopied' | 'takeBack' | 'shrink'

/** From it: that it is open, or why it ends, under ticket 0; then the outcome of each call. */
export interface FromStore {
  readonly ticket: number
  readonly result?: unknown
  readonly error?: { readonly problem: StoreError['problem']; readonly message: string }
}
