import type { ReactElement } from 'react'
import type { Style } from '../themes/theme.ts'
import { Line } from './line.tsx'

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
