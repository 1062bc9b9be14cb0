import type { ReactElement } from 'react'
import { listPage } from '../store/pages.ts'
import type { State } from '../store/state.ts'
import { columnsOf, fitText } from '../text.ts'
import { Field } from './field.tsx'
import { Line } from './line.tsx'
import { useLook } from './look-context.ts'

/** The command or the filter while it is typed, or what has just happened. One row. */
export function MessageLine({ state }: { readonly state: State }): ReactElement {
  const look = useLook()
  const width = state.size.columns
  if (state.command.field) return <Field label=" :" field={state.command.field} width={width} />
  const page = listPage(state)
  const typing = page && state.lists[page].typing
  if (typing) return <Field label=" /" field={typing} width={width} />
  const { shown, more } = state.toasts
  if (!shown) return <Line text="" width={width} />
  const bad = shown.tone === 'bad'
  const others = more > 0 ? `  (and ${more} more: ! lists them)` : ''
  const text = ` ${bad ? '! ' : ''}${look.text(shown.text)}`
  return (
    <Line
      text={fitText(text, Math.min(columnsOf(text), width - others.length), look.ellipsis) + others}
      width={width}
      {...(bad ? look.theme.bad : look.theme.good)}
    />
  )
}
