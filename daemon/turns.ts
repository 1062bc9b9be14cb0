import { AsyncLocalStorage } from 'node:async_hooks'

/** Throws what refuses a change if who has asked for it may not make it any longer. */
type Demand = () => void

const underWay = new AsyncLocalStorage<{ demand?: Demand | undefined }>()

/**
 * Makes a change for somebody who may make it now, and whose rights may end while it waits: for a password's hash, its turn or the
 * disk. What outlasts it, such as a timer that it has started, does nothing in their name.
 */
export async function withMandate<Made>(demand: Demand, change: () => Made | Promise<Made>): Promise<Made> {
  demand()
  const mandate: { demand?: Demand | undefined } = { demand }
  try {
    return await underWay.run(mandate, change)
  } finally {
    mandate.demand = undefined
  }
}

/** What one change brings about, and others wait for too, does not end with the rights of who was first. */
export function withoutMandate<Made>(work: () => Made): Made {
  return underWay.exit(work)
}

/** Throws if who has asked for the change may not any longer: to be called behind each wait, before it acts. */
export function demandMandate(): void {
  underWay.getStore()?.demand?.()
}

/** Changes that take their turns, so that two operators never interfere. */
export class Turns {
  #last: Promise<unknown> = Promise.resolve()

  /** Makes the change once those before are made, if who has asked for it still may; settles as it does. */
  take<T>(change: () => Promise<T>): Promise<T> {
    const result = this.#last.then(() => {
      demandMandate()
      return change()
    })
    this.#last = result.catch(() => {})
    return result
  }
}
