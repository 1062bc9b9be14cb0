import type { ListPage } from '../store/pages.ts'
import { closedTable } from './closed-table.ts'
import { connectionsTable } from './connections-table.ts'
import { daemonsTable } from './daemons-table.ts'
import { logTable } from './log-table.ts'
import { operatorsTable } from './operators-table.ts'
import { settingsTable } from './settings-table.ts'
import type { TableSpec } from './table.ts'
import { usersTable } from './users-table.ts'

/** The table of each page, for what does not ask what its rows are. */
export const tables: Readonly<Record<ListPage, Pick<TableSpec<never>, 'columns' | 'fields'>>> = {
  connections: connectionsTable,
  closed: closedTable,
  users: usersTable,
  log: logTable,
  settings: settingsTable,
  operators: operatorsTable,
  daemons: daemonsTable,
}
