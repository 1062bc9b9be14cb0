import { Box } from 'ink'
import { type ReactElement, useMemo, useSyncExternalStore } from 'react'
import { CommandHint } from './components/command-hint.tsx'
import { Header } from './components/header.tsx'
import { Hints } from './components/hints.tsx'
import { Line } from './components/line.tsx'
import { LookContext } from './components/look-context.ts'
import { MessageLine } from './components/message-line.tsx'
import { type Parts, useApp } from './hooks/use-app.ts'
import { useKeys } from './hooks/use-keys.ts'
import { useMouse } from './hooks/use-mouse.ts'
import { useRedrawAfterResize } from './hooks/use-redraw-after-resize.ts'
import { isTooSmall, pageRows } from './layout.ts'
import { dress, type Look } from './look.ts'
import { ConnectionsPage } from './screens/connections.tsx'
import { CoverPage } from './screens/cover.tsx'
import { DaemonsPage } from './screens/daemons.tsx'
import { DialogPanel } from './screens/dialogs.tsx'
import { LogPage } from './screens/log.tsx'
import { OperatorsPage } from './screens/operators.tsx'
import { Overview } from './screens/overview/overview.tsx'
import { SettingsPage } from './screens/settings.tsx'
import { TooSmall } from './screens/too-small.tsx'
import { UsersPage } from './screens/users.tsx'
import { coverOf, isCover } from './store/dialogs.ts'
import type { Page } from './store/pages.ts'
import { lackToSee } from './store/rights.ts'
import type { State } from './store/state.ts'

interface RootProps extends Parts {
  readonly look: Look
}

/** The whole screen. */
export function Root({ store, daemons, login, look }: RootProps): ReactElement {
  const app = useApp({ store, daemons, login })
  useKeys(app)
  const state = useSyncExternalStore(store.subscribe, () => store.state)
  useRedrawAfterResize(app, state.size)
  useMouse(app, look, state.mouse)
  const { theme, overview } = state
  const dressed = useMemo(() => dress(look, theme, overview.drawing), [look, theme, overview.drawing])
  return (
    <LookContext value={dressed}>
      {isTooSmall(state) ? <TooSmall size={state.size} /> : <Screen state={state} />}
    </LookContext>
  )
}

const screens: Readonly<Record<Page, (props: { state: State }) => ReactElement>> = {
  overview: Overview,
  connections: ConnectionsPage,
  users: UsersPage,
  log: LogPage,
  settings: SettingsPage,
  operators: OperatorsPage,
  daemons: DaemonsPage,
}

function Screen({ state }: { readonly state: State }): ReactElement {
  const { columns, rows } = state.size
  const { dialog } = state
  const cover = coverOf(dialog)
  return (
    <Box flexDirection="column" width={columns} height={rows}>
      <Header state={state} />
      <Box flexDirection="column" height={pageRows(state)}>
        {cover ? <CoverPage state={state} cover={cover} /> : <PageShown state={state} />}
      </Box>
      {dialog && !isCover(dialog) && <DialogPanel state={state} dialog={dialog} />}
      {state.command.field && <CommandHint state={state} />}
      <MessageLine state={state} />
      <Hints state={state} />
    </Box>
  )
}

/** The page, or for whom else it is. */
function PageShown({ state }: { readonly state: State }): ReactElement {
  const lack = lackToSee(state)
  const Page = screens[state.page]
  const verb = state.page === 'log' ? 'is' : 'are'
  if (lack !== null) return <Line text={` The ${state.page} ${verb} ${lack}.`} width={state.size.columns} />
  return <Page state={state} />
}
