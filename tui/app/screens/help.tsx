import type { ReactElement } from 'react'
import { Line } from '../components/line.tsx'
import { helpContext } from '../keys/context.ts'
import { helpLines } from '../keys/help-lines.ts'
import { pageRows } from '../layout.ts'
import type { State } from '../store/state.ts'

/** The keys of what it covers. */
export function Help({ state, scroll }: { readonly state: State; readonly scroll: number }): ReactElement {
  const lines = helpLines(helpContext(state)).slice(scroll, scroll + pageRows(state))
  return (
    <>
      {lines.map((line, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a row of the screen is nothing but its place
        <Line key={at} text={line} width={state.size.columns} />
      ))}
    </>
  )
}
