import { Text, type TextProps } from 'ink'
import type { ReactElement } from 'react'
import { fitText } from '../text.ts'
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
