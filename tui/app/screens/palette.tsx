import { Text } from 'ink'
import type { ReactElement } from 'react'
import { Field } from '../components/field.tsx'
import { Line } from '../components/line.tsx'
import { useLook } from '../components/look-context.ts'
import { offersAt } from '../keys/palette-handlers.ts'
import { firstShown, pageRows } from '../layout.ts'
import type { Palette } from '../store/dialogs.ts'
import type { State } from '../store/state.ts'
import { fitText } from '../text.ts'

/** Columns for the key, or for how a command is written. */
const labelColumns = 26

/** What can be done here, as far as it matches what is typed, in the place of the page. */
export function PalettePage({ state, palette }: { readonly state: State; readonly palette: Palette }): ReactElement {
  const look = useLook()
  const { columns: width } = state.size
  const offers = offersAt(state, palette)
  const chosen = Math.min(palette.chosen, offers.length - 1)
  const height = pageRows(state) - 1
  const first = firstShown(chosen, height, offers.length)
  return (
    <>
      <Field label=" Do: " field={palette.field} width={width} />
      {offers.length === 0 && <Line text="   nothing here is called so" width={width} {...look.theme.dim} />}
      {offers.slice(first, first + height).map(({ title, label }, at) => {
        const isChosen = first + at === chosen
        const text = `${isChosen ? ' > ' : '   '}${fitText(label, labelColumns, look.ellipsis)} ${title}`
        return (
          <Text key={label + title} wrap="truncate" {...(isChosen ? look.theme.selected : {})}>
            {fitText(text, width, look.ellipsis)}
          </Text>
        )
      })}
    </>
  )
}
