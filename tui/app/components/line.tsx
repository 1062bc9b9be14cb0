import type { ReactElement } from 'react'
import { columnsOf, fitText } from '../text/fit.ts'
import type { Style } from '../themes/theme.ts'
import { useLook } from './look-context.ts'
import { type Part, Row } from './row.tsx'

/** A row of a panel; safe to show. */
export interface StyledLine extends Part {
  /** What differs in it: together these are the text. */
  readonly parts?: readonly Part[]
}

interface LineProps extends Style, Pick<StyledLine, 'text' | 'parts'> {
  readonly width: number
}

/**
 * One row, padded or cut to its width: Ink lays out few large texts far faster than many boxes. The line under a heading
 * leaves the margins free, as texts do, so that it touches no other one.
 */
export function Line({ text, parts, width, ...style }: LineProps): ReactElement {
  const { ellipsis } = useLook()
  if (parts) return <Row parts={fitParts(parts, width, ellipsis)} style={style} />
  const fitted = fitText(text, width, ellipsis)
  if (!style.underline) return <Row parts={[{ text: fitted }]} style={style} />
  const [, left = '', inner = '', right = ''] = /^( ?)(.*?)( ?)$/.exec(fitted) ?? []
  return <Row parts={[{ text: left }, { text: inner, style }, { text: right }]} />
}

/** Parts of one row, the last of them padded or cut so that all take so many columns. */
function fitParts(parts: readonly Part[], width: number, ellipsis: string): Part[] {
  let room = width
  return parts.flatMap(({ text, style }, at) => {
    if (room <= 0) return []
    const isLast = at === parts.length - 1 || columnsOf(text) > room
    const shown = isLast ? fitText(text, room, ellipsis) : text
    room -= columnsOf(shown)
    return [{ text: shown, style }]
  })
}

/** A row made of parts. */
export function lineOf(parts: readonly Part[], style?: Style): StyledLine {
  return { text: parts.map(({ text }) => text).join(''), parts, style }
}

/** A row that begins with what it is about, in so many columns. */
export function labelled(text: string, columns: number, label: Style, style?: Style): StyledLine {
  return lineOf([
    { text: text.slice(0, columns), style: label },
    { text: text.slice(columns), style },
  ])
}

interface LinesProps {
  readonly lines: readonly StyledLine[]
  readonly width: number
  /** Lines that do not fit are left out. */
  readonly height: number
}

/** Rows of one width, one below the other. */
export function Lines({ lines, width, height }: LinesProps): ReactElement {
  return (
    <>
      {lines.slice(0, height).map(({ text, parts, style }, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a row of the screen is nothing but its place
        <Line key={at} text={text} {...(parts && { parts })} width={width} {...style} />
      ))}
    </>
  )
}
