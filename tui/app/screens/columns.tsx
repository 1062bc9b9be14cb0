import { Text } from 'ink'
import type { ReactElement } from 'react'
import { Line } from '../components/line.tsx'
import { useLook } from '../components/look-context.ts'
import type { ColumnsChoice } from '../store/dialogs.ts'

/** Which columns a table shows, in the place of the page. */
export function ColumnsPage({
  choice,
  width,
}: {
  readonly choice: ColumnsChoice
  readonly width: number
}): ReactElement {
  const look = useLook()
  return (
    <>
      <Line text=" Columns, where there is room for them:" width={width} {...look.theme.heading} />
      {choice.columns.map(({ name, header, shown }, at) => {
        const isHere = at === choice.at
        return (
          <Text key={name} wrap="truncate" {...(isHere ? look.theme.selected : {})}>
            {`${isHere ? '>' : ' '} [${shown ? 'x' : ' '}] ${header.padEnd(12)} `}
          </Text>
        )
      })}
    </>
  )
}
