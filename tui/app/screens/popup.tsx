import { Box } from 'ink'
import type { ReactElement } from 'react'
import { Field } from '../components/field.tsx'
import { Line } from '../components/line.tsx'
import { useLook } from '../components/look-context.ts'
import { Row } from '../components/row.tsx'
import type { Popup } from '../state/dialogs.ts'
import type { State } from '../state/state.ts'
import { fitText } from '../text/fit.ts'
import { popupFrame } from './popup-frame.ts'

/**
 * What lies over the right side of a page, which stays in sight: what a list can be sorted, filtered or grouped by, or its
 * columns. It fills each of its cells, so that nothing shines through.
 */
export function PopupBox({ state, popup }: { readonly state: State; readonly popup: Popup }): ReactElement {
  const look = useLook()
  const { theme } = look
  const { title, left, width, height, first, rows, at } = popupFrame(state, popup, look)
  const naming = popup.kind === 'menu' ? popup.naming : null
  return (
    <Box
      position="absolute"
      marginLeft={left}
      flexDirection="column"
      width={width + 2}
      height={height + 3}
      borderStyle={look.border}
      borderColor={theme.border.color}
      borderDimColor={theme.border.dimColor}
    >
      {naming ? (
        <Field label={` ${title}`} field={naming} width={width} />
      ) : (
        <Line text={` ${title}`} width={width} {...theme.heading} />
      )}
      {rows.slice(first, first + height).map(({ key, text, isChosen }, row) => {
        const isHere = first + row === at
        const style = { ...(isChosen && theme.marked), ...(isHere && theme.selected) }
        const before = `${isHere ? '>' : ' '} ${key}`
        return (
          <Row
            // biome-ignore lint/suspicious/noArrayIndexKey: a row of the screen is nothing but its place
            key={row}
            style={style}
            parts={[
              { text: before, style: isHere ? {} : theme.key },
              { text: fitText(text, width - before.length, look.ellipsis) },
            ]}
          />
        )
      })}
    </Box>
  )
}
