import { Text } from 'ink'
import type { ReactElement } from 'react'
import { smallest } from '../layout.ts'
import type { State } from '../store/state.ts'

/** Instead of everything, in a terminal where it would not fit. */
export function TooSmall({ size }: Pick<State, 'size'>): ReactElement {
  return (
    <Text>
      {`This terminal is ${size.columns}x${size.rows}; proxy-tui needs ${smallest.columns}x${smallest.rows}.`}
    </Text>
  )
}
