import type { ReactElement } from 'react'
import { Line } from '../components/line.tsx'
import { useLook } from '../components/look-context.ts'
import { pageRows } from '../layout.ts'
import type { Result as Shown } from '../store/dialogs.ts'
import type { State } from '../store/state.ts'
import { cut } from '../text.ts'

/** What came of a command, in the place of the page. */
export function Result({ state, result }: { readonly state: State; readonly result: Shown }): ReactElement {
  const look = useLook()
  const { columns: width } = state.size
  const { title, lines, row, column } = result
  const height = pageRows(state) - 1
  const shown = lines.slice(row, row + height)
  const place = lines.length > height ? `   lines ${row + 1} to ${row + shown.length} of ${lines.length}` : ''
  return (
    <>
      <Line text={` :${title}${place}`} width={width} {...look.theme.heading} />
      {shown.map((line, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a row of the screen is nothing but its place
        <Line key={at} text={` ${look.text(line.slice(cut(line, column).length))}`} width={width} />
      ))}
    </>
  )
}
