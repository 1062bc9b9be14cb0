import { Box, Text } from 'ink'
import type { ReactElement } from 'react'
import { Field } from '../components/field.tsx'
import { Line } from '../components/line.tsx'
import { useLook } from '../components/look-context.ts'
import type { ColumnsChoice, Menu, Popup } from '../state/dialogs.ts'
import { firstShown, pageRows } from '../state/layout.ts'
import type { State } from '../state/state.ts'
import { menuItems } from '../tables/menus.ts'
import { columnsOf, fitText } from '../text/fit.ts'

/** What lies over the right side of a page, which stays in sight. */
export function PopupBox({ state, popup }: { readonly state: State; readonly popup: Popup }): ReactElement {
  return popup.kind === 'menu' ? <MenuBox state={state} menu={popup} /> : <ColumnsBox state={state} choice={popup} />
}

const titles: Readonly<Record<Menu['about'], string>> = {
  sort: 'Sort by',
  filters: 'Filters; + keeps the one that is set, - forgets one',
  groups: 'Sums of connections by',
}

/** Terminal columns for the name of an item, and for all that is said beside it: at most, where there is room. */
const mostColumns = { name: 28, aside: 40 }

/** What a list can be sorted, filtered or grouped by. */
function MenuBox({ state, menu }: { readonly state: State; readonly menu: Menu }): ReactElement {
  const look = useLook()
  const items = menuItems(state, menu)
  const nameColumns = Math.min(mostColumns.name, widest(items.map(({ title }) => look.text(title))))
  const title = menu.naming ? `Keep ${look.text(state.lists[menu.page].filter)} as: ` : titles[menu.about]
  const none = items.length === 0 ? ['  none yet: / types a filter, + keeps it here'] : []
  const rows = items.map(({ key, title, aside, isChosen }) => {
    const name = fitText(look.text(title), nameColumns, look.ellipsis)
    const beside = fitText(look.text(aside), Math.min(mostColumns.aside, columnsOf(look.text(aside))), look.ellipsis)
    return { text: `${key.padEnd(1)} ${isChosen ? '*' : ' '} ${name} ${beside}`, isChosen }
  })
  return (
    <Frame
      state={state}
      title={title}
      naming={menu.naming}
      rows={none.length > 0 ? none.map((text) => ({ text, isChosen: false })) : rows}
      at={items.length === 0 ? -1 : Math.min(menu.at, items.length - 1)}
    />
  )
}

/** Which columns a table shows. */
function ColumnsBox({ state, choice }: { readonly state: State; readonly choice: ColumnsChoice }): ReactElement {
  const rows = choice.columns.map(({ header, shown }) => ({
    text: `[${shown ? 'x' : ' '}] ${header}`,
    isChosen: false,
  }))
  return <Frame state={state} title="Columns, as far as there is room" naming={null} rows={rows} at={choice.at} />
}

interface FrameProps extends Pick<Menu, 'naming'> {
  readonly state: State
  readonly title: string
  readonly rows: readonly { readonly text: string; readonly isChosen: boolean }[]
  /** The one that the cursor is on; none if it is negative. */
  readonly at: number
}

/** Columns and rows of the border, and columns of the cursor and the margins. */
const border = 2
const margins = 3

/** A border around a title and rows, as wide and high as they need; it fills each of its cells, so that nothing shines through. */
function Frame({ state, title, naming, rows, at }: FrameProps): ReactElement {
  const look = useLook()
  const { theme } = look
  const room = { width: state.size.columns - border, height: pageRows(state) - border - 1 }
  const typed = naming ? naming.text.length + 1 : 0
  const needed = Math.max(columnsOf(title) + 2 + typed, widest(rows.map(({ text }) => text)) + margins)
  const width = Math.min(room.width, needed)
  const height = Math.max(1, Math.min(rows.length, room.height))
  const first = firstShown(Math.max(0, at), height, rows.length)
  return (
    <Box
      position="absolute"
      marginLeft={room.width - width}
      flexDirection="column"
      width={width + border}
      height={height + border + 1}
      borderStyle={look.border}
      borderColor={theme.border.color}
      borderDimColor={theme.border.dimColor}
    >
      {naming ? (
        <Field label={` ${title}`} field={naming} width={width} />
      ) : (
        <Line text={` ${title}`} width={width} {...theme.heading} />
      )}
      {rows.slice(first, first + height).map(({ text, isChosen }, row) => {
        const isHere = first + row === at
        return (
          <Text
            // biome-ignore lint/suspicious/noArrayIndexKey: a row of the screen is nothing but its place
            key={row}
            wrap="truncate"
            {...(isChosen ? theme.marked : {})}
            {...(isHere ? theme.selected : {})}
          >
            {fitText(`${isHere ? '>' : ' '} ${text}`, width, look.ellipsis)}
          </Text>
        )
      })}
    </Box>
  )
}

function widest(texts: readonly string[]): number {
  return Math.max(0, ...texts.map(columnsOf))
}
