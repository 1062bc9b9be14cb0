import { Text } from 'ink'
import type { ReactElement } from 'react'
import { Field } from '../components/field.tsx'
import { Line } from '../components/line.tsx'
import { useLook } from '../components/look-context.ts'
import type { Menu } from '../state/dialogs.ts'
import { firstShown, pageRows } from '../state/layout.ts'
import type { State } from '../state/state.ts'
import { menuItems } from '../tables/menus.ts'
import { fitText } from '../text/fit.ts'

const titles: Readonly<Record<Menu['about'], string>> = {
  sort: 'Sort by',
  filters: 'Filters; + keeps the one that is set, - forgets one',
  groups: 'Sums of connections by',
}

/** Terminal columns for the name of an item. */
const titleColumns = 28

/** What a list can be sorted, filtered or grouped by, in the place of the page. */
export function MenuPage({ state, menu }: { readonly state: State; readonly menu: Menu }): ReactElement {
  const look = useLook()
  const { columns: width } = state.size
  const items = menuItems(state, menu)
  const at = Math.min(menu.at, items.length - 1)
  const height = pageRows(state) - 1
  const first = firstShown(at, height, items.length)
  return (
    <>
      {menu.naming ? (
        <Field label={` Keep ${look.text(state.lists[menu.page].filter)} as: `} field={menu.naming} width={width} />
      ) : (
        <Line text={` ${titles[menu.about]}`} width={width} {...look.theme.heading} />
      )}
      {items.length === 0 && (
        <Line text="   none yet: / types a filter, + keeps it here" width={width} {...look.theme.dim} />
      )}
      {items.slice(first, first + height).map(({ key, title, aside, isChosen }, row) => {
        const isHere = first + row === at
        const name = fitText(look.text(title), titleColumns, look.ellipsis)
        const line = `${isHere ? '>' : ' '} ${key.padEnd(1)} ${isChosen ? '*' : ' '} ${name} ${look.text(aside)}`
        return (
          <Text
            key={title}
            wrap="truncate"
            {...(isChosen ? look.theme.marked : {})}
            {...(isHere ? look.theme.selected : {})}
          >
            {fitText(line, width, look.ellipsis)}
          </Text>
        )
      })}
    </>
  )
}
