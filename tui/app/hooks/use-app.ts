import { useApp as useInk } from 'ink'
import { useMemo } from 'react'
import type { App } from '../keys/app.ts'

/** What keys may act on: the store, the daemon and the terminal. */
export function useApp({ store, daemon }: Pick<App, 'store' | 'daemon'>): App {
  const { exit, suspendTerminal } = useInk()
  return useMemo(
    () => ({
      store,
      daemon,
      quit: () => exit(),
      // Leaving the alternate screen and coming back gives an empty one, which is drawn whole.
      redraw: () => suspendTerminal(() => {}),
      // The whole process group stops, as it would if the terminal itself had heard Ctrl-Z.
      suspend: () => suspendTerminal(() => void process.kill(0, 'SIGTSTP')),
    }),
    [store, daemon, exit, suspendTerminal],
  )
}
