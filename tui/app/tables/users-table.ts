import { amountField } from '../../../shared/filter/fields.ts'
import { userFields, userLasts, userState } from '../../../shared/filter/user-fields.ts'
import { formatDuration } from '../../../shared/format/time.ts'
import { sparkline } from '../chart/bars.ts'
import { connectionsUsed, quotaUsed, rateUsed, shareOf, warnShare } from '../state/limits.ts'
import { pastKept, refusedLately, type UserRow } from '../state/users.ts'
import type { Role } from '../themes/theme.ts'
import { numberColumn, textColumn, timeColumn, trafficColumns } from './columns.ts'
import { gaugeColumn, usedBytes, usedRate } from './gauge-column.ts'
import type { TableSpec } from './table-spec.ts'

const sum = (past: readonly number[]) => past.reduce((total, rate) => total + rate, 0)
const nameOf = ({ user }: UserRow) => user.name
const groupOf = ({ user }: UserRow) => user.group
const lastsOf = ({ user }: UserRow) => userLasts(user)
const endOf = ({ user }: UserRow) => user.use.expires ?? Number.POSITIVE_INFINITY

/** How far away the end is from which on it is near. */
const soon = 3 * 86_400_000

/** What their state is to whoever looks. */
const stateTones: Readonly<Record<ReturnType<typeof userState>, Role | null>> = {
  disabled: 'dim',
  'used up': 'bad',
  slowed: 'warning',
  expired: 'bad',
  enabled: null,
}

const stateTone = ({ user }: UserRow) => stateTones[userState(user)]

/** Who may not come, or is refused something, and who soon will be. */
function alertOf(row: UserRow): 'warning' | 'bad' | null {
  const tones = [stateTone(row), quotaTone(row), refusedLately(row) > 0 ? 'bad' : null]
  return tones.includes('bad') ? 'bad' : tones.includes('warning') ? 'warning' : null
}

/** Once it is used up they are cut, or slowed. */
function quotaTone(row: UserRow): Role | null {
  const quota = quotaUsed(row)
  if (!quota || shareOf(quota) < warnShare(row)) return null
  return shareOf(quota) >= 1 ? 'bad' : 'warning'
}

export const usersTable: TableSpec<UserRow> = {
  id: nameOf,
  fields: {
    ...userFields,
    refused: amountField('count', refusedLately),
  },
  alert: alertOf,
  columns: [
    textColumn('name', 'User', nameOf, { width: 10, widest: 32 }),
    textColumn('state', 'State', (row) => userState(row.user), {
      width: 8,
      dispensable: 11,
      tone: (row) => stateTone(row),
    }),
    textColumn('lasts', 'Kept', lastsOf, { width: 13, dispensable: 4 }),
    textColumn('group', 'Group', groupOf, { width: 8, widest: 16, dispensable: 5 }),
    gaugeColumn(
      'connections',
      'Conns',
      { width: 7, widest: 18 },
      connectionsUsed,
      ({ used, limit }) => `${used}/${limit}`,
      ({ user }) => String(user.connections),
      {
        dispensable: 9,
        value: ({ user }) => user.connections,
        compare: (one, other) => one.user.connections - other.user.connections,
        tone: (row) => {
          const used = connectionsUsed(row)
          if (used && shareOf(used) >= 1) return 'warning'
          return row.user.connections === 0 ? 'dim' : null
        },
      },
    ),
    ...trafficColumns<UserRow>(
      ({ rate }) => rate,
      ({ user }) => user,
      { rates: 8, totals: 2 },
    ),
    gaugeColumn('rate', 'Of rate', { width: 12, widest: 24 }, rateUsed, usedRate, () => '-', { dispensable: 3 }),
    gaugeColumn('quota', 'Quota', { width: 12, widest: 26 }, quotaUsed, usedBytes, () => '-', {
      dispensable: 10,
      tone: quotaTone,
    }),
    numberColumn('left', 'Left', 6, endOf, (end, { now }) => (Number.isFinite(end) ? formatDuration(end - now) : '-'), {
      greatestFirst: false,
      dispensable: 7,
      tone: (row, { now }) => (endOf(row) <= now ? 'bad' : endOf(row) - now < soon ? 'warning' : null),
    }),
    numberColumn('refused', 'Refused', 8, refusedLately, (count) => (count === 0 ? '-' : `${count}/min`), {
      dispensable: 6,
      tone: (row) => (refusedLately(row) > 0 ? 'bad' : 'dim'),
    }),
    {
      name: 'past',
      header: 'Last minute',
      align: 'right',
      width: pastKept,
      greatestFirst: true,
      dispensable: 1,
      value: ({ past }) => sum(past),
      cell: ({ past }, { unicode }) => sparkline(past, unicode),
      tone: () => 'zero',
      compare: (one, other) => sum(one.past) - sum(other.past),
    },
    timeColumn('created', 'Created', ({ user }) => user.created, { dispensable: 0 }),
  ],
}
