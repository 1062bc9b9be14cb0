import { Box } from 'ink'
import { type ReactElement, type ReactNode, useMemo, useSyncExternalStore } from 'react'
import { CommandHint, Footer } from './components/footer.tsx'
import { Header } from './components/header.tsx'
import { Lines } from './components/line.tsx'
import { LookContext } from './components/look-context.ts'
import { type Parts, useApp, useBell, useKeys, useMouse, useRedrawAfterResize } from './hooks.ts'
import { DaemonsPage } from './screens/daemons-page.tsx'
import { DialogPanel } from './screens/dialog-panel.tsx'
import { ConnectionsPage, SettingsPage } from './screens/list-pages.tsx'
import { LogPage } from './screens/log-page.tsx'
import { Mini } from './screens/mini.tsx'
import { OperatorsPage } from './screens/operators-page.tsx'
import { OverlayPage } from './screens/overlays.tsx'
import { Overview } from './screens/overview/overview.tsx'
import { PopupBox } from './screens/popup.tsx'
import { BansPage, RulesPage } from './screens/rules-page.tsx'
import { UsersPage } from './screens/users-page.tsx'
import { isOverlay, isPopup, overlayOf } from './state/dialogs.ts'
import { isMini, pageRows } from './state/layout.ts'
import type { Page } from './state/pages.ts'
import { lackToSee } from './state/rights.ts'
import type { State } from './state/state.ts'
import { breakLines } from './text/fit.ts'
import { inTheme, type Look } from './themes/look.ts'
import { themeFor } from './themes/theme.ts'

interface RootProps extends Parts {
  readonly look: Look
}

/** The whole screen. */
export function Root({ look, ...parts }: RootProps): ReactElement {
  const { store } = parts
  const app = useApp(parts)
  useKeys(app)
  const state = useSyncExternalStore(store.subscribe, () => store.state)
  useRedrawAfterResize(app, state.size)
  useMouse(app, state.mouse)
  useBell(state.rings)
  const theme = themeFor(state.theme, state.background)
  const { drawing } = state.overview
  const themed = useMemo(() => inTheme(look, theme, drawing), [look, theme, drawing])
  return <LookContext value={themed}>{isMini(state) ? <Mini state={state} /> : <Screen state={state} />}</LookContext>
}

const screens: Readonly<Record<Page, (props: { state: State }) => ReactElement>> = {
  overview: Overview,
  connections: ConnectionsPage,
  users: UsersPage,
  rules: RulesPage,
  bans: BansPage,
  log: LogPage,
  settings: SettingsPage,
  operators: OperatorsPage,
  daemons: DaemonsPage,
}

function Screen({ state }: { readonly state: State }): ReactElement {
  const { columns, rows } = state.size
  const { dialog } = state
  const overlay = overlayOf(dialog)
  return (
    <Box flexDirection="column" width={columns} height={rows}>
      <Header state={state} />
      <Box flexDirection="column" height={pageRows(state)}>
        {overlay ? <OverlayPage state={state} overlay={overlay} /> : <PageShown state={state} />}
        {dialog && isPopup(dialog) && <PopupBox state={state} popup={dialog} />}
      </Box>
      {dialog && !isOverlay(dialog) && !isPopup(dialog) && <DialogPanel state={state} dialog={dialog} />}
      {state.command.field && <CommandHint state={state} />}
      <Footer state={state} />
    </Box>
  )
}

/** The page, or why there is nothing to be seen on it. */
function PageShown({ state }: { readonly state: State }): ReactNode {
  const lack = lackToSee(state)
  const Page = screens[state.page]
  if (lack === null) return <Page state={state} />
  const { columns: width } = state.size
  const lines = breakLines(lack, width - 2).map((line) => ({ text: ` ${line}` }))
  return <Lines lines={lines} width={width} height={pageRows(state)} />
}
