import { settingText } from '../../../shared/commands/setting-verbs.ts'
import { textField, wordField } from '../../../shared/filter/fields.ts'
import { operatorFields } from '../../../shared/filter/management-fields.ts'
import type { LogEntry, Operator, Setting } from '../../../shared/protocol/methods.ts'
import { roles } from '../../../shared/protocol/vocabulary.ts'
import { entryText } from '../state/log.ts'
import type { ListPage } from '../state/pages.ts'
import { accessTable } from './access-table.ts'
import { bansTable } from './bans-table.ts'
import { clockColumn, numberColumn, textColumn, timeColumn } from './columns.ts'
import { connectionsTable } from './connections-table.ts'
import { daemonsTable } from './daemons-table.ts'
import { eventsTable } from './events-table.ts'
import { groupsTable } from './groups-table.ts'
import { auditTable, sessionsTable } from './management-tables.ts'
import { nodesTable } from './nodes-table.ts'
import { rulesTable } from './rules-table.ts'
import { sumsTable } from './sums-table.ts'
import type { TableSpec } from './table-spec.ts'
import { usageTable } from './usage-table.ts'
import { usersTable } from './users-table.ts'
import { watchesTable } from './watches-table.ts'

const operatorName = ({ name }: Operator) => name
const roleOf = ({ role }: Operator) => role
const strength = ({ role }: Operator) => roles.indexOf(role)

export const operatorsTable: TableSpec<Operator> = {
  id: operatorName,
  fields: operatorFields,
  columns: [
    textColumn('name', 'Operator', operatorName, { width: 18, widest: 40 }),
    textColumn('role', 'Role', roleOf, { width: 8, compare: (one, other) => strength(one) - strength(other) }),
    numberColumn('sessions', 'Sessions', 9, ({ sessions }) => sessions, String),
    timeColumn('created', 'Created', ({ created }) => created, { dispensable: 0 }),
  ],
}

const levelOf = ({ level }: LogEntry) => level

export const logTable: TableSpec<LogEntry> = {
  id: ({ seq }) => String(seq),
  fields: { level: wordField((entry) => [levelOf(entry)]), text: textField(entryText) },
  alert: ({ level }) => (level === 'error' ? 'bad' : level === 'warn' ? 'warning' : null),
  columns: [
    // The day is in the detail.
    clockColumn(({ time }) => time, {
      compare: (one, other) => one.seq - other.seq,
    }),
    textColumn('level', 'Level', levelOf, { width: 5 }),
    textColumn('text', 'Message', entryText, { width: 40, widest: 1000 }),
  ],
}

const settingName = ({ name }: Setting) => name
const sourceOf = ({ source }: Setting) => source
const actsOf = ({ runtime }: Setting) => (runtime ? 'at once' : 'restart')

export const settingsTable: TableSpec<Setting> = {
  id: settingName,
  fields: {
    name: textField(settingName),
    value: textField((row) => settingText(row.value, row)),
    source: wordField((row) => [sourceOf(row)]),
    acts: textField(actsOf),
  },
  columns: [
    textColumn('name', 'Setting', settingName, { width: 24, widest: 32 }),
    textColumn('value', 'Value', (row) => settingText(row.value, row), {
      width: 16,
      widest: 120,
    }),
    textColumn('source', 'Source', sourceOf, { width: 8 }),
    textColumn('acts', 'Acts', actsOf, { width: 7 }),
  ],
}

/** What a setting may be, what it is if nobody sets it, and what it is for. */
export function settingAdvice(setting: Setting): string {
  const { summary, type, choices, min, max } = setting
  const range =
    min === undefined || max === undefined ? '' : `${settingText(min, setting)} to ${settingText(max, setting)}, `
  const words = choices ? `${choices.join(', ')}; ` : type === 'list' ? 'several with commas between them; ' : ''
  return `${range}${words}default ${settingText(setting.default, setting)}: ${summary}`
}

/** The table of each page, for what does not ask what its rows are. */
export const tables: Readonly<Record<ListPage, Pick<TableSpec<never>, 'columns' | 'fields'>>> = {
  connections: connectionsTable,
  access: accessTable,
  sums: sumsTable,
  users: usersTable,
  groups: groupsTable,
  usage: usageTable,
  rules: rulesTable,
  bans: bansTable,
  log: logTable,
  events: eventsTable,
  settings: settingsTable,
  operators: operatorsTable,
  sessions: sessionsTable,
  watches: watchesTable,
  audit: auditTable,
  daemons: daemonsTable,
  nodes: nodesTable,
}
