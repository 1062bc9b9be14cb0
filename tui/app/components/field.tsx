import { Text, type TextProps } from 'ink'
import type { ReactElement } from 'react'
import type { TextField } from '../text/edit.ts'
import { cutStart, fitText } from '../text/fit.ts'
import { useLook } from './look-context.ts'

interface FieldProps extends Pick<TextProps, 'color'> {
  /** What stands before the field. */
  readonly label: string
  readonly field: TextField
  readonly width: number
  /** Show how many characters there are, not which. */
  readonly masked?: boolean
  /** What holds while nothing is typed; safe to show. */
  readonly ghost?: string
  /** Whether typing goes here; then the cursor is shown. */
  readonly focused?: boolean
}

const graphemes = new Intl.Segmenter()

/** A row with a text that is edited: as much of it as fits, the cursor always. */
export function Field({
  label,
  field,
  width,
  masked = false,
  ghost = '',
  focused = true,
  ...style
}: FieldProps): ReactElement {
  const look = useLook()
  const show = (text: string) => (masked ? look.mask.repeat([...graphemes.segment(text)].length) : look.text(text))
  const room = width - label.length
  const before = cutStart(show(field.text.slice(0, field.cursor)), room - 1)
  const after = show(field.text.slice(field.cursor))
  const typed = before + (focused ? look.caret : '') + after
  if (field.text === '' && ghost !== '')
    return (
      <Text wrap="truncate" bold={focused} {...style}>
        {label + typed}
        <Text {...look.theme.dim} bold={false}>
          {fitText(ghost, room - typed.length, look.ellipsis)}
        </Text>
      </Text>
    )
  return (
    <Text wrap="truncate" bold={focused} {...style}>
      {label + fitText(typed, room, look.ellipsis)}
    </Text>
  )
}
