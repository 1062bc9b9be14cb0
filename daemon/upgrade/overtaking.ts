import type { Channel } from './channel.ts'

/** Processes of one daemon that may serve what is left of their clients while others serve. */
const mostBefore = 16

/**
 * A process has been overtaken, by so many others: whoever holds one connection must not keep every process of a daemon that is
 * upgraded often. Too many, and it has the time of a drain, and so have those before it; else the one before it is told that it
 * is overtaken by one more.
 */
export function overtake(
  before: Pick<Channel, 'ask'> | undefined,
  ending: { stop(asker: string): unknown },
  by = 1,
): void {
  if (by > mostBefore) ending.stop(`${by} upgrades have followed this process`)
  else before?.ask('overtaken', { by: by + 1 }).catch(() => {})
}
