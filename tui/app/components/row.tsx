import { createElement, memo, type ReactElement } from 'react'
import { paint } from '../themes/paint.ts'
import type { Style } from '../themes/theme.ts'
import { useLook } from './look-context.ts'

/** A part of a row that means one thing; safe to show. */
export interface Part {
  readonly text: string
  readonly style?: Style | undefined
}

interface RowProps {
  readonly parts: readonly Part[]
  /** Of the whole row, where a part has nothing else. */
  readonly style?: Style | undefined
}

/** One row of parts, cut where there is no room for it. */
export function Row({ parts, style }: RowProps): ReactElement {
  const { color } = useLook()
  const text = parts.map((part) => part.text).join('')
  const painted = parts.map((part) => paint(part.text, { ...style, ...part.style })).join('')
  return <Painted text={text} painted={color ? painted : text} />
}

/**
 * What Ink's `Text` comes to, of which each part of a row would be one: most rows of most frames have changed, and twenty with
 * six parts each are half of what a frame costs. So Ink lays out the bare text, and gets the painted one when it writes it.
 */
const Painted = memo(({ text, painted }: { readonly text: string; readonly painted: string }): ReactElement => {
  const show = (laidOut: string) => (laidOut === text ? painted : laidOut)
  return createElement('ink-text', { style: oneRow, internal_transform: show }, text)
})

const oneRow = { flexGrow: 0, flexShrink: 1, flexDirection: 'row', textWrap: 'truncate' }
