import { Text } from 'ink'
import type { ReactElement } from 'react'
import type { State } from '../store/state.ts'
import { tabsOf } from '../store/tabs.ts'
import { columnsOf } from '../text.ts'
import { useLook } from './look-context.ts'

/** The pages. One row. */
export function Tabs({ state }: { readonly state: State }): ReactElement {
  const { theme } = useLook()
  let written = 0
  return (
    <Text wrap="truncate">
      {tabsOf(state).map(({ page, text, from }) => {
        const gap = ' '.repeat(from - written)
        written = from + columnsOf(text)
        return (
          <Text key={page} {...(page === state.page ? theme.openTab : theme.tab)}>
            {gap + text}
          </Text>
        )
      })}
    </Text>
  )
}
