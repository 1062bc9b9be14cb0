import { auditFields, nodeOf, whatOf } from '../../../shared/commands/audit-verbs.ts'
import { textField, wordField } from '../../../shared/filter/fields.ts'
import { formatDuration } from '../../../shared/format/time.ts'
import type { AuditEntry, ManagementSession } from '../../../shared/protocol/methods.ts'
import { clockColumn, dayColumn, numberColumn, textColumn, wide } from './columns.ts'
import type { TableSpec } from './table-spec.ts'

const nameOf = ({ name, own }: ManagementSession) => (own ? `${name} (this app)` : name)
const fromOf = ({ via, address }: ManagementSession) => (via === 'unix' ? via : `${via} ${address}`)
const followsOf = ({ follows }: ManagementSession) => follows.join(' ') || '-'

/** Who is logged in to manage the daemon. */
export const sessionsTable: TableSpec<ManagementSession> = {
  id: ({ id }) => String(id),
  fields: {
    name: textField(({ name }) => name),
    role: wordField(({ role }) => [role]),
    from: textField(fromOf),
  },
  columns: [
    numberColumn('id', 'Id', 6, ({ id }) => id, String, { dispensable: 0 }),
    textColumn('name', 'Operator', nameOf, { width: 16, widest: 32 }),
    textColumn('role', 'Role', ({ role }) => role, { width: 8 }),
    textColumn('from', 'From', fromOf, { width: 10, widest: 52, cut: 'middle' }),
    numberColumn(
      'since',
      'For',
      7,
      ({ since }) => since,
      (since, { now }) => formatDuration(now - since),
    ),
    textColumn('follows', 'Follows', followsOf, { width: 26, widest: 60, dispensable: 1 }),
  ],
}

const timeOf = ({ time }: AuditEntry) => time
const actorOf = ({ by }: AuditEntry) => by ?? '-'
const outcomeOf = ({ outcome, count }: AuditEntry) => (count > 1 ? `${outcome} ×${count}` : outcome)

/** What operators did and were refused. */
export const auditTable: TableSpec<AuditEntry> = {
  id: ({ id }) => String(id),
  fields: auditFields,
  columns: [
    clockColumn(timeOf, { greatestFirst: true, compare: (one, other) => one.id - other.id }),
    dayColumn(timeOf, { from: 72, dispensable: 1 }),
    textColumn('node', 'Node', nodeOf, { width: 8, widest: 24, from: wide, dispensable: 1 }),
    textColumn('by', 'By', actorOf, { width: 8, widest: 24 }),
    textColumn('from', 'From', ({ from }) => from, {
      width: 16,
      widest: 47,
      cut: 'middle',
      from: 100,
      dispensable: 0,
    }),
    textColumn('outcome', 'Outcome', outcomeOf, {
      width: 10,
      widest: 16,
      tone: ({ outcome }) => (outcome === 'ok' ? null : 'warning'),
    }),
    textColumn('what', 'What', whatOf, { width: 18, widest: 200 }),
  ],
}
