import type { ReactElement } from 'react'
import { listPage } from '../keys/list-handlers.ts'
import type { State } from '../store/state.ts'
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
  const { toast } = state
  if (!toast) return <Line text="" width={width} />
  const bad = toast.tone === 'bad'
  return <Line text={` ${bad ? '! ' : ''}${look.text(toast.text)}`} width={width} color={bad ? 'red' : 'green'} />
}
