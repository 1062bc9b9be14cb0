import { amountField, textField, wordField } from '../../../shared/filter/fields.ts'
import { formatBytes } from '../../../shared/format/bytes.ts'
import { formatDuration } from '../../../shared/format/time.ts'
import { sparkline } from '../chart/bars.ts'
import type { DaemonRow } from '../state/daemons.ts'
import { type Column, type Format, numberColumn, showRate, textColumn } from './columns.ts'
import type { TableSpec } from './table-spec.ts'

/** Seconds of throughput that are drawn beside a daemon. */
const drawn = 20

const placeOf = ({ place }: DaemonRow) => place
const stateOf = ({ state }: DaemonRow) => state
const busyness = ({ rate }: DaemonRow) => (rate ? rate.down + rate.up : unknown)

/** What is not known comes before all that is. */
const unknown = -1

export const daemonsTable: TableSpec<DaemonRow> = {
  id: ({ at }) => String(at),
  fields: {
    place: textField(placeOf),
    state: wordField((row) => [stateOf(row)]),
    alarm: textField(({ alarms }) => alarms.join(' ')),
    connections: amountField('count', ({ connections }) => connections ?? Number.NaN),
    rate: amountField('bytes', ({ rate }) => (rate ? rate.down + rate.up : Number.NaN)),
  },
  columns: [
    numberColumn(
      'number',
      '#',
      3,
      ({ at }) => at ?? unknown,
      (at) => (at === unknown ? '' : String(at + 1)),
      {
        greatestFirst: false,
      },
    ),
    textColumn('place', 'Daemon', placeOf, { width: 14, widest: 40, cut: 'middle' }),
    textColumn('state', 'State', stateOf, { width: 12 }),
    column(
      'alarms',
      'Alarms',
      6,
      ({ alarms }) => alarms.length,
      (count) => (count > 0 ? `! ${count}` : ''),
      7,
    ),
    textColumn('version', 'Version', ({ version }) => version ?? '-', { width: 8, dispensable: 1 }),
    column('uptime', 'Uptime', 7, ({ uptime }) => uptime, formatDuration, 3),
    column('users', 'Users', 6, ({ users }) => users, String, 2),
    column('connections', 'Conns', 6, ({ connections }) => connections, String, 8),
    column('down-rate', 'Down/s', 9, ({ rate }) => rate?.down, showRate, 6),
    column('up-rate', 'Up/s', 9, ({ rate }) => rate?.up, showRate, 6),
    column('down', 'Down', 8, ({ total }) => total?.down, formatBytes, 4),
    column('up', 'Up', 8, ({ total }) => total?.up, formatBytes, 4),
    column('failures', 'Fails/min', 10, ({ failures }) => failures, String, 5),
    {
      name: 'recent',
      header: 'Last seconds',
      align: 'right',
      width: drawn,
      dispensable: 0,
      greatestFirst: true,
      value: busyness,
      cell: ({ recent }, { unicode }) => sparkline(recent.slice(-drawn), unicode),
      tone: () => 'zero',
      compare: (one, other) => busyness(one) - busyness(other),
    },
  ],
}

/** A column of numbers, with a dash for those that are not known. */
function column(
  name: string,
  header: string,
  width: number,
  value: (row: DaemonRow) => number | null | undefined,
  show: (value: number, format: Format) => string,
  dispensable: number,
): Column<DaemonRow> {
  const shown = (number: number, format: Format) => (number === unknown ? '-' : show(number, format))
  return numberColumn(name, header, width, (row) => value(row) ?? unknown, shown, { dispensable })
}
