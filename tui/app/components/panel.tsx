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
  const { border, theme } = useLook()
  return (
    <Box
      borderStyle={border}
      borderColor={theme.border.color}
      borderDimColor={theme.border.dimColor}
      flexDirection="column"
      paddingX={1}
      width={width}
      height={height}
    >
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
  const { theme } = useLook()
  return (
    <Text wrap="truncate">
      {names.map((name, at) => (
        <Text key={name} {...(at === chosen ? { ...theme.selected, bold: true } : {})}>
          {at === chosen ? `[ ${name} ]` : `  ${name}  `}
        </Text>
      ))}
    </Text>
  )
}
