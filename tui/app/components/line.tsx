import { Text, type TextProps } from 'ink'
import type { ReactElement } from 'react'
import { fitText } from '../text/fit.ts'
import type { Style } from '../themes/theme.ts'
import { useLook } from './look-context.ts'

interface LineProps extends Omit<TextProps, 'children' | 'wrap'> {
  /** Safe to show. */
  readonly text: string
  readonly width: number
}

/** One row, padded or cut to its width: Ink lays out few large texts far faster than many boxes. */
export function Line({ text, width, ...style }: LineProps): ReactElement {
  const { ellipsis } = useLook()
  return (
    <Text wrap="truncate" {...style}>
      {fitText(text, width, ellipsis)}
    </Text>
  )
}

/** A row of a panel; safe to show. */
export interface StyledLine {
  readonly text: string
  readonly style?: Style | undefined
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
      {lines.slice(0, height).map(({ text, style }, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a row of the screen is nothing but its place
        <Line key={at} text={text} width={width} {...style} />
      ))}
    </>
  )
}
