import type { ReactElement } from 'react'
import { formatTime } from '../../../shared/format/time.ts'
import { Line } from '../components/line.tsx'
import { useLook } from '../components/look-context.ts'
import { pageRows } from '../layout.ts'
import type { State } from '../store/state.ts'

/** What has been said on the message line, newest first, in the place of the page. */
export function Said({ state, scroll }: { readonly state: State; readonly scroll: number }): ReactElement {
  const look = useLook()
  const { columns: width } = state.size
  const { history } = state.toasts
  const shown = history.toReversed().slice(scroll, scroll + pageRows(state) - 1)
  return (
    <>
      <Line
        text={history.length === 0 ? ' Nothing has been said yet' : ' Said before'}
        width={width}
        {...look.theme.heading}
      />
      {shown.map(({ text, tone, at, times }) => (
        <Line
          key={at + text}
          text={` ${formatTime(at)}  ${tone === 'bad' ? '! ' : '  '}${look.text(text)}${times > 1 ? `  (${times} times)` : ''}`}
          width={width}
          {...(tone === 'bad' ? look.theme.bad : {})}
        />
      ))}
    </>
  )
}
