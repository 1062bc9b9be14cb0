import { createContext, useContext } from 'react'
import { type Look, lookOf } from '../themes/look.ts'

/** What the terminal can show. */
export const LookContext = createContext<Look>(lookOf({}))

export function useLook(): Look {
  return useContext(LookContext)
}
