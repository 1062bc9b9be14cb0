import { Text } from 'ink'
import type { ReactElement } from 'react'
import { Line } from '../components/line.tsx'
import { useLook } from '../components/look-context.ts'
import type { Choice } from '../store/dialogs.ts'
import { fitText } from '../text.ts'

/** One of several to be taken; the chosen one is marked by more than its colors. */
export function Choices({ dialog, width }: { readonly dialog: Choice; readonly width: number }): ReactElement {
  const look = useLook()
  const longest = Math.max(...dialog.options.map(({ name }) => name.length))
  return (
    <>
      <Line text={look.text(dialog.question)} width={width} {...look.theme.heading} />
      {dialog.options.map(({ name }, at) => {
        const chosen = at === dialog.chosen
        return (
          <Text key={name} wrap="truncate">
            {chosen ? '> ' : '  '}
            <Text {...(chosen ? { ...look.theme.selected, bold: true } : {})}>
              {` ${fitText(look.text(name), longest, look.ellipsis)} `}
            </Text>
          </Text>
        )
      })}
      <Line text={look.text(dialog.advice)} width={width} {...look.theme.dim} />
    </>
  )
}
