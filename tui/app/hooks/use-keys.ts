import { useInput, usePaste } from 'ink'
import type { App } from '../keys/app.ts'
import { decodeKeys } from '../keys/decode.ts'
import { paste, press } from '../keys/press.ts'

/** Let the keyboard, and what is pasted, act on the app. */
export function useKeys(app: App): void {
  useInput((input, key) => {
    for (const name of decodeKeys(input, key)) press(app, name)
  })
  usePaste((text) => paste(app, text))
}
