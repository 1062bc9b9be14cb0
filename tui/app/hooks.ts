import { useApp as useInk, useInput, usePaste, useStdin, useStdout } from 'ink'
import { useEffect, useLayoutEffect, useMemo, useRef } from 'react'
import { UsageError } from '../../shared/commands/usage.ts'
import { editText } from '../exec/edit-text.ts'
import { writeTextFile } from '../exec/text-file.ts'
import type { App } from './keys/app.ts'
import { decodeKeys } from './keys/decode.ts'
import { paste, press } from './keys/press.ts'
import type { Daemon } from './link/daemon.ts'
import { click } from './mouse/click.ts'
import type { Dialog } from './state/dialogs.ts'
import type { State } from './state/state.ts'
import { clipboardSequence } from './terminal/clipboard.ts'
import { mouseOff, mouseOn, type TerminalInput } from './terminal/terminal-input.ts'

const beginSynchronizedOutput = '\u001b[?2026h'

/** What the app is about. */
export type Parts = Pick<App, 'store' | 'daemons' | 'login' | 'reach'>

/** What keys may act on: the store, the daemon that is shown, the login and the terminal. */
export function useApp({ store, daemons, login, reach }: Parts): App {
  const { exit, suspendTerminal } = useInk()
  return useMemo(() => {
    const inTurn = turns()
    const lend = (act: () => void | Promise<void>) => inTurn(() => suspendTerminal(act))
    let isDue = false
    return {
      store,
      get daemon() {
        return daemons[store.state.current] as Daemon
      },
      daemons,
      login,
      reach,
      copy: (text) => {
        const sequence = clipboardSequence(text, process.env)
        if (sequence !== null) process.stdout.write(sequence)
        return sequence !== null
      },
      save: async (file, text) => {
        try {
          await writeTextFile(file, text)
          return null
        } catch (error) {
          if (error instanceof UsageError) return error.message
          throw error
        }
      },
      edit: async (text, problem) => {
        let edited: string | undefined
        await lend(async () => {
          process.stdout.write(mouseOff)
          edited = await editText(text, problem).finally(() => {
            if (store.state.mouse) process.stdout.write(mouseOn)
          })
        })
        return edited
      },
      quit: () => exit(),
      redraw: () => {
        // Leaving the alternate screen and coming back gives an empty one, which is drawn whole. Terminals that know
        // synchronized output show none of it until the frame is there and Ink ends this.
        // One that waits for its turn is enough for all.
        if (isDue) return
        isDue = true
        inTurn(() => {
          isDue = false
          process.stdout.write(beginSynchronizedOutput)
          return suspendTerminal(() => {})
        })
      },
      // The whole process group stops, as it would if the terminal itself had heard Ctrl-Z.
      suspend: () =>
        lend(() => {
          process.stdout.write(mouseOff)
          process.kill(0, 'SIGTSTP')
          if (store.state.mouse) process.stdout.write(mouseOn)
        }),
    }
  }, [store, daemons, login, reach, exit, suspendTerminal])
}

/**
 * Ink lends the terminal to one at a time, and fails whoever comes meanwhile: a second Ctrl-L in what is read at once, or a new size
 * while an editor has it. They take turns.
 */
function turns(): (act: () => Promise<void>) => Promise<void> {
  let last: Promise<void> | null = null
  return (act) => {
    const turn = last ? last.then(act) : act()
    const over = turn
      .catch(() => {})
      .finally(() => {
        if (last === over) last = null
      })
    last = over
    return turn
  }
}

/**
 * Let the keyboard, and what is pasted, act on the app. What was typed before there was anything to be seen acts, too, but
 * answers no question: nobody has read it.
 */
export function useKeys(app: App): void {
  const ahead = useRef(true)
  const isHeard = () => !(ahead.current && isQuestion(app.store.state.dialog))
  useEffect(() => {
    // Between these two, what the terminal has kept while the app was loaded is read.
    let turn = setImmediate(() => {
      turn = setImmediate(() => (ahead.current = false))
    })
    return () => clearImmediate(turn)
  }, [])
  useInput((input, key) => {
    for (const name of decodeKeys(input, key)) if (isHeard()) press(app, name)
  })
  usePaste((text) => {
    if (isHeard()) paste(app, text)
  })
}

function isQuestion(dialog: Dialog | null): boolean {
  if (dialog?.kind === 'form') return dialog.purpose === 'login'
  return dialog?.kind === 'confirm' || dialog?.kind === 'choice'
}

/** Ring the terminal's bell, whenever it is to be. */
export function useBell(rings: number): void {
  const { stdout } = useStdout()
  useEffect(() => {
    if (rings > 0) stdout.write('\u0007')
  }, [rings, stdout])
}

/** Let the mouse act on the app while it is `on`. What is switched on is switched off however the app ends. */
export function useMouse(app: App, on: boolean): void {
  const { stdin } = useStdin()
  const { stdout } = useStdout()
  useLayoutEffect(() => {
    if (!on) return
    stdout.write(mouseOn)
    const terminal = stdin as unknown as TerminalInput
    const leave = terminal.onMouse((event) => click(app, event))
    return () => {
      leave()
      stdout.write(mouseOff)
    }
  }, [app, on, stdin, stdout])
}

/** Milliseconds without another change of size. */
const settled = 100

/**
 * Draw all of the screen again once its size has settled. While it changes, frames of one size meet a screen of another,
 * and what that leaves behind is not in the differences that Ink draws from then on.
 */
export function useRedrawAfterResize({ redraw }: App, { columns, rows }: State['size']): void {
  const drawn = useRef({ columns, rows })
  useEffect(() => {
    if (drawn.current.columns === columns && drawn.current.rows === rows) return
    const timer = setTimeout(() => {
      drawn.current = { columns, rows }
      redraw()
    }, settled)
    return () => clearTimeout(timer)
  }, [redraw, columns, rows])
}
