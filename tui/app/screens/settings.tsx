import type { ReactElement } from 'react'
import type { Setting } from '../../../shared/protocol/methods.ts'
import { Line } from '../components/line.tsx'
import { useLook } from '../components/look-context.ts'
import { adviceRows } from '../layout.ts'
import type { State } from '../store/state.ts'
import { settingsView } from '../store/view.ts'
import { settingsTable } from '../tables/settings-table.ts'
import { wrapText } from '../text.ts'
import { listSummary } from './list-summary.ts'
import { ListTable } from './list-table.tsx'
import { settingAdvice } from './setting-advice.ts'

/** `   5 chosen, 30 need a restart`. */
function counted(settings: readonly Setting[]): string {
  const chosen = settings.filter(({ source }) => source !== 'default').length
  return `   ${chosen} chosen, ${settings.filter(({ runtime }) => !runtime).length} need a restart`
}

/** What the daemon acts by, and why. */
export function SettingsPage({ state }: { readonly state: State }): ReactElement {
  const look = useLook()
  const view = settingsView(state)
  const { columns: width } = state.size
  const selected = view.rows[view.cursor]
  // A dialog leaves little room and tells the same.
  const advice = state.dialog
    ? []
    : wrapText(look.text(selected ? settingAdvice(selected) : ''), width - 2, adviceRows, look.ellipsis)
  return (
    <>
      <Line
        text={listSummary('settings', view, state.lists.settings, look) + counted(state.configuration?.settings ?? [])}
        width={width}
      />
      <ListTable state={state} page="settings" spec={settingsTable} view={view} />
      {advice.map((line, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a row of the screen is nothing but its place
        <Line key={at} text={` ${line}`} width={width} {...look.theme.dim} />
      ))}
    </>
  )
}
