import type { ReactElement } from 'react'
import { hintLine, hintsOf } from '../keys/help.ts'
import type { State } from '../store/state.ts'
import { Line } from './line.tsx'
import { useLook } from './look-context.ts'

/** The keys that matter here. One row. */
export function Hints({ state }: { readonly state: State }): ReactElement {
  return <Line text={hintLine(hintsOf(state))} width={state.size.columns} {...useLook().theme.hint} />
}
