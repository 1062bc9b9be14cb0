import { useApp as useInk } from 'ink'
import { useMemo } from 'react'
import { clipboardSequence } from '../clipboard.ts'
import type { App } from '../keys/app.ts'
import type { Daemon } from '../link/daemon.ts'

import { mouseOff, mouseOn } from '../mouse/reporting.ts'

const beginSynchronizedOutput = '\u001b[?2026h'

/** What the app is about. */
export type Parts = Pick<App, 'store' | 'daemons' | 'login'>

/** What keys may act on: the store, the daemon that is shown, the login and the terminal. */
export function useApp({ store, daemons, login }: Parts): App {
  const { exit, suspendTerminal } = useInk()
  return useMemo(
    () => ({
      store,
      get daemon() {
        return daemons[store.state.current] as Daemon
      },
      daemons,
      login,
      copy: (text) => {
        const sequence = clipboardSequence(text, process.env)
        if (sequence !== null) process.stdout.write(sequence)
        return sequence !== null
      },
      quit: () => exit(),
      redraw: () => {
        // Leaving the alternate screen and coming back gives an empty one, which is drawn whole. Terminals that know
        // synchronized output show none of it until the frame is there and Ink ends this.
        process.stdout.write(beginSynchronizedOutput)
        suspendTerminal(() => {})
      },
      // The whole process group stops, as it would if the terminal itself had heard Ctrl-Z.
      suspend: () =>
        suspendTerminal(() => {
          process.stdout.write(mouseOff)
          process.kill(0, 'SIGTSTP')
          if (store.state.mouse) process.stdout.write(mouseOn)
        }),
    }),
    [store, daemons, login, exit, suspendTerminal],
  )
}
