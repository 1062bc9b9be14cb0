import type { ReactElement } from 'react'
import type { Cover } from '../store/dialogs.ts'
import type { State } from '../store/state.ts'
import { ColumnsPage } from './columns.tsx'
import { ConnectionDetail } from './connection-detail.tsx'
import { Help } from './help.tsx'
import { PalettePage } from './palette.tsx'
import { Result } from './result.tsx'
import { Said } from './said.tsx'
import { UserPage } from './user.tsx'

/** What takes the place of the page. */
export function CoverPage({ state, cover }: { readonly state: State; readonly cover: Cover }): ReactElement {
  switch (cover.kind) {
    case 'help':
      return <Help state={state} scroll={cover.scroll} />
    case 'detail':
      return <ConnectionDetail state={state} />
    case 'columns':
      return <ColumnsPage choice={cover} width={state.size.columns} />
    case 'result':
      return <Result state={state} result={cover} />
    case 'said':
      return <Said state={state} scroll={cover.scroll} />
    case 'palette':
      return <PalettePage state={state} palette={cover} />
    case 'user':
      return <UserPage state={state} name={cover.name} range={cover.range} />
  }
}
