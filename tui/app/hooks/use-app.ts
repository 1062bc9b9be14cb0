import { useApp as useInk } from 'ink'
import { useMemo } from 'react'
import type { App } from '../keys/app.ts'

const beginSynchronizedOutput = '\u001b[?2026h'

/** What keys may act on: the store, the daemon, the login and the terminal. */
export function useApp({ store, daemon, login }: Pick<App, 'store' | 'daemon' | 'login'>): App {
  const { exit, suspendTerminal } = useInk()
  return useMemo(
    () => ({
      store,
      daemon,
      login,
      quit: () => exit(),
      redraw: () => {
        // Leaving the alternate screen and coming back gives an empty one, which is drawn whole. Terminals that know
        // synchronized output show none of it until the frame is there and Ink ends this.
        process.stdout.write(beginSynchronizedOutput)
        suspendTerminal(() => {})
      },
      // The whole process group stops, as it would if the terminal itself had heard Ctrl-Z.
      suspend: () => suspendTerminal(() => void process.kill(0, 'SIGTSTP')),
    }),
    [store, daemon, login, exit, suspendTerminal],
  )
}
