import { Box } from 'ink'
import { type ReactElement, useMemo, useSyncExternalStore } from 'react'
import { CommandHint } from './components/command-hint.tsx'
import { Header } from './components/header.tsx'
import { Hints } from './components/hints.tsx'
import { LookContext } from './components/look-context.ts'
import { MessageLine } from './components/message-line.tsx'
import { type Parts, useApp } from './hooks/use-app.ts'
import { useKeys } from './hooks/use-keys.ts'
import { useRedrawAfterResize } from './hooks/use-redraw-after-resize.ts'
import { isTooSmall, pageRows } from './layout.ts'
import { dress, type Look } from './look.ts'
import { ConnectionsPage } from './screens/connections.tsx'
import { DialogPanel } from './screens/dialogs.tsx'
import { Help } from './screens/help.tsx'
import { LogPage } from './screens/log.tsx'
import { OperatorsPage } from './screens/operators.tsx'
import { Overview } from './screens/overview.tsx'
import { Result } from './screens/result.tsx'
import { SettingsPage } from './screens/settings.tsx'
import { TooSmall } from './screens/too-small.tsx'
import { UsersPage } from './screens/users.tsx'
import type { Dialog } from './store/dialogs.ts'
import type { Page, State } from './store/state.ts'

interface RootProps extends Parts {
  readonly look: Look
}

/** The whole screen. */
export function Root({ store, daemons, login, look }: RootProps): ReactElement {
  const app = useApp({ store, daemons, login })
  useKeys(app)
  const state = useSyncExternalStore(store.subscribe, () => store.state)
  useRedrawAfterResize(app, state.size)
  const dressed = useMemo(() => dress(look, state.theme), [look, state.theme])
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
}

function coversPage(dialog: Dialog | null): boolean {
  return dialog?.kind === 'help' || dialog?.kind === 'result'
}

function Screen({ state }: { readonly state: State }): ReactElement {
  const { columns, rows } = state.size
  const { dialog } = state
  const Page = screens[state.page]
  return (
    <Box flexDirection="column" width={columns} height={rows}>
      <Header state={state} />
      <Box flexDirection="column" height={pageRows(state)}>
        {dialog?.kind === 'help' && <Help state={state} scroll={dialog.scroll} />}
        {dialog?.kind === 'result' && <Result state={state} result={dialog} />}
        {!coversPage(dialog) && <Page state={state} />}
      </Box>
      {dialog && !coversPage(dialog) && <DialogPanel state={state} dialog={dialog} />}
      {state.command.field && <CommandHint state={state} />}
      <MessageLine state={state} />
      <Hints state={state} />
    </Box>
  )
}
