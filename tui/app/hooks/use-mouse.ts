import { useStdin, useStdout } from 'ink'
import { useLayoutEffect } from 'react'
import type { App } from '../keys/app.ts'
import type { Look } from '../look.ts'
import { click } from '../mouse/click.ts'
import { mouseOff, mouseOn } from '../mouse/reporting.ts'
import type { TerminalInput } from '../mouse/terminal-input.ts'

/** Let the mouse act on the app while it is `on`. What is switched on is switched off however the app ends. */
export function useMouse(app: App, look: Look, on: boolean): void {
  const { stdin } = useStdin()
  const { stdout } = useStdout()
  useLayoutEffect(() => {
    if (!on) return
    stdout.write(mouseOn)
    const terminal = stdin as unknown as TerminalInput
    const leave = terminal.onMouse((event) => click(app, look, event))
    return () => {
      leave()
      stdout.write(mouseOff)
    }
  }, [app, look, on, stdin, stdout])
}
