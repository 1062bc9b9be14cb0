import { Box, Text } from 'ink'
import type { ReactElement, ReactNode } from 'react'
import { useLook } from './look-context.ts'

interface PanelProps {
  readonly width: number
  /** Its border included. */
  readonly height: number
  readonly children: ReactNode
}

/** Columns of a panel that its border and padding take. */
export const panelFrame = 4

/** A bordered place for a dialog. */
export function Panel({ width, height, children }: PanelProps): ReactElement {
  return (
    <Box borderStyle={useLook().border} flexDirection="column" paddingX={1} width={width} height={height}>
      {children}
    </Box>
  )
}

/** Buttons in a row; the chosen one is in brackets, so that it is not told by its colors alone. */
export function Buttons({
  names,
  chosen,
}: {
  readonly names: readonly string[]
  readonly chosen: number
}): ReactElement {
  return (
    <Text wrap="truncate">
      {names.map((name, at) => (
        <Text key={name} bold={at === chosen} inverse={at === chosen}>
          {at === chosen ? `[ ${name} ]` : `  ${name}  `}
        </Text>
      ))}
    </Text>
  )
}
