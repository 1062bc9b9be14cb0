import type { ReactElement } from 'react'
import { type Binding, keyLabel, keyTable } from '../keys/key-table.ts'
import { contextOf } from '../keys/press.ts'
import { lackOfRights } from '../store/rights.ts'
import type { State } from '../store/state.ts'
import { Line } from './line.tsx'
import { useLook } from './look-context.ts'

/** The keys that matter here. One row. */
export function Hints({ state }: { readonly state: State }): ReactElement {
  const width = state.size.columns
  const bindings: readonly Binding[] = keyTable[contextOf(state)]
  const allowed = bindings.filter(({ role }) => lackOfRights(state, role) === null)
  return <Line text={hintsFor(allowed, width)} width={width} {...useLook().theme.hint} />
}

/** ` x cut  / filter  ? help  q quit`: as many as fit, and always the last two. */
export function hintsFor(bindings: readonly Binding[], width: number): string {
  const hints = bindings.flatMap(({ keys, hint }) => (hint ? [`${keyLabel(keys[0] ?? '')} ${hint}`] : []))
  const line = () => ` ${hints.join('  ')}`
  while (line().length > width && hints.length > 2) hints.splice(-3, 1)
  return line()
}
