import { amountField, textField, wordField } from '../../../shared/filter/fields.ts'
import { formatDuration } from '../../../shared/format/time.ts'
import type { FleetNode } from '../../../shared/protocol/methods.ts'
import { fadeZero, numberColumn, showRate, textColumn } from './columns.ts'
import type { TableSpec } from './table-spec.ts'

const nameOf = ({ name }: FleetNode) => name
const stateOf = ({ state }: FleetNode) => state
const managedAt = ({ control }: FleetNode) => control.join(' ') || '-'
const clientsAt = ({ socks }: FleetNode) => socks.join(' ') || '-'

/** Whether it is at work. */
export function isThere({ state }: FleetNode): boolean {
  return state === 'serves' || state === 'drains'
}

/** The daemons of the fleet, as they tell of themselves. */
export const nodesTable: TableSpec<FleetNode> = {
  id: nameOf,
  fields: {
    name: textField(nameOf),
    state: wordField((node) => [stateOf(node)]),
    version: textField(({ version }) => version),
    place: textField((node) => `${managedAt(node)} ${clientsAt(node)}`),
    connections: amountField('count', ({ connections }) => connections),
    rate: amountField('bytes', ({ up, down }) => up + down),
  },
  alert: ({ state }) => (state === 'gone' ? 'bad' : state === 'drains' ? 'warning' : null),
  columns: [
    textColumn('name', 'Node', nameOf, { width: 12, widest: 40, cut: 'middle' }),
    textColumn('state', 'State', stateOf, {
      width: 7,
      tone: ({ state }) =>
        state === 'gone' ? 'bad' : state === 'drains' ? 'warning' : state === 'ended' ? 'dim' : null,
    }),
    numberColumn('heard', 'Heard', 7, ({ age }) => age, formatDuration, { dispensable: 6 }),
    textColumn('version', 'Version', ({ version }) => version, { width: 8, widest: 16, dispensable: 4 }),
    numberColumn(
      'uptime',
      'Uptime',
      7,
      ({ started }) => started,
      (started, { now }) => formatDuration(now - started),
      { dispensable: 3, greatestFirst: false },
    ),
    numberColumn('connections', 'Conns', 7, ({ connections }) => connections, String, {
      tone: fadeZero(({ connections }) => connections),
    }),
    numberColumn('up', 'Up/s', 9, ({ up }) => up, showRate, { tone: fadeZero(({ up }) => up) }),
    numberColumn('down', 'Down/s', 9, ({ down }) => down, showRate, { tone: fadeZero(({ down }) => down) }),
    numberColumn('cpu', 'CPU', 6, ({ cpu }) => cpu, percent, { dispensable: 5, tone: fadeZero(({ cpu }) => cpu) }),
    textColumn('managed', 'Managed at', managedAt, { width: 16, widest: 52, cut: 'middle', dispensable: 1 }),
    textColumn('clients', 'Clients at', clientsAt, { width: 16, widest: 52, cut: 'middle', dispensable: 0 }),
  ],
}

/** Of one core. */
function percent(part: number): string {
  return `${Math.round(part * 100)}%`
}

/** All that are there as one, which tells how many they are in place of how it is. */
export function sumOfNodes(nodes: readonly FleetNode[]): FleetNode {
  const there = nodes.filter(isThere)
  const sum = (of: (node: FleetNode) => number) => there.reduce((total, node) => total + of(node), 0)
  return {
    ...{ name: `Total of ${there.length}`, state: 'serves', age: 0, version: '', started: 0, socks: [], control: [] },
    connections: sum(({ connections }) => connections),
    up: sum(({ up }) => up),
    down: sum(({ down }) => down),
    cpu: sum(({ cpu }) => cpu),
  }
}

/** Columns of which there is no sum. */
export const unsummed: ReadonlySet<string> = new Set(['state', 'heard', 'version', 'uptime', 'managed', 'clients'])
