import type { ReactElement } from 'react'
import { Line } from '../components/line.tsx'
import { useLook } from '../components/look-context.ts'
import { helpContext, helpLines } from '../keys/help.ts'
import { pageRows } from '../layout.ts'
import type { State } from '../store/state.ts'

/** The keys of what it covers. */
export function Help({ state, scroll }: { readonly state: State; readonly scroll: number }): ReactElement {
  const { columns: width } = state.size
  const lines = helpLines(helpContext(state))
  const height = pageRows(state) - 1
  const shown = lines.slice(scroll, scroll + height)
  const place = lines.length > height ? `, lines ${scroll + 1} to ${scroll + shown.length} of ${lines.length}` : ''
  return (
    <>
      <Line text={` The keys here${place}`} width={width} {...useLook().theme.heading} />
      {shown.map((line, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a row of the screen is nothing but its place
        <Line key={at} text={line} width={width} />
      ))}
    </>
  )
}
