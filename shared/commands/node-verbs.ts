import { formatBytes } from '../format/bytes.ts'
import { counted } from '../format/count.ts'
import { formatDuration } from '../format/time.ts'
import { shown } from '../format/unknown.ts'
import { limits } from '../protocol/limits.ts'
import type { FleetNode } from '../protocol/methods.ts'
import { type Context, everyPage } from './context.ts'
import { type Table, verb } from './verb.ts'

/** Where there is no such node, or no fleet. */
const hints = { not_found: "list the nodes with 'nodes'" }

/** The daemons of a fleet. */
export const nodeVerbs = {
  nodes: verb({
    arguments: '',
    summary: 'list the daemons of the fleet',
    prepare: () => async (context) => {
      const { node, nodes } = await allNodes(context)
      return { data: { node, nodes }, view: tableOf(node, nodes) }
    },
  }),
  'nodes users': verb({
    arguments: '',
    role: 'operator',
    lenient: true,
    summary: 'tell who has connections on which node',
    prepare:
      () =>
      async ({ call }) => {
        const { users, silent } = await call('nodes.users', {})
        const rows = users.map(({ name, connections, nodes }) => [
          name,
          shown(connections),
          nodes.map((each) => `${shown(each.node)} ${shown(each.connections)}`).join(', '),
        ])
        return {
          data: { users, silent },
          view: { heading: ['USER', 'CONNECTIONS', 'WHERE'], right: [1], rows },
          ...(silent.length > 0 && { problem: `no answer of ${silent.join(', ')}` }),
        }
      },
  }),
  'nodes drain': verb({
    arguments: 'NODE',
    role: 'operator',
    logged: true,
    summary: 'drain a node, as drain does with this one',
    hints,
    ask: ([name]) => ({
      question: `Drain node ${name}?`,
      facts: ['It refuses new clients, and ends when its live connections have ended.'],
      yes: 'Drain',
    }),
    prepare:
      ([name = '']) =>
      async ({ call }) => {
        await call('nodes.drain', { name })
        return {
          data: { name },
          view: `node ${name} drains: no new clients, and it ends when the live ones have`,
          undo: { verb: 'nodes undrain', values: [name] },
        }
      },
  }),
  'nodes undrain': verb({
    arguments: 'NODE',
    role: 'operator',
    logged: true,
    summary: 'have a node take new clients again',
    hints,
    prepare:
      ([name = '']) =>
      async ({ call }) => {
        await call('nodes.undrain', { name })
        return { data: { name }, view: `node ${name} takes new clients again` }
      },
  }),
  'nodes forget': verb({
    arguments: 'NODE',
    role: 'admin',
    logged: true,
    summary: 'take a node that has ended or gone out of the list',
    hints,
    prepare:
      ([name = '']) =>
      async ({ call }) => {
        await call('nodes.forget', { name })
        return { data: { name }, view: `forgot node ${name}` }
      },
  }),
}

async function allNodes({ call }: Pick<Context, 'call'>): Promise<{ node: string; nodes: FleetNode[] }> {
  const pages = await everyPage((from) => call('nodes.list', { limit: limits.page, ...from }))
  return { node: pages[0]?.node ?? '', nodes: pages.flatMap(({ nodes }) => nodes) }
}

function tableOf(node: string, nodes: readonly FleetNode[]): Table {
  const there = nodes.filter(({ state }) => state === 'serves' || state === 'drains')
  const sum = (of: (each: FleetNode) => number) => there.reduce((sum, each) => sum + of(each), 0)
  const rate = (value: number) => `${formatBytes(value)}/s`
  const rows = nodes.map((each) => [
    each.name === node ? `${each.name} *` : each.name,
    each.state,
    formatDuration(each.age),
    each.version,
    String(each.connections),
    rate(each.up),
    rate(each.down),
    `${Math.round(each.cpu * 100)}%`,
    each.control.join(' ') || '-',
  ])
  const total = [
    counted(there.length, 'node'),
    ...['', '', '', String(sum(({ connections }) => connections))],
    ...[rate(sum(({ up }) => up)), rate(sum(({ down }) => down)), `${Math.round(sum(({ cpu }) => cpu) * 100)}%`, ''],
  ]
  return {
    heading: ['NODE', 'STATE', 'HEARD', 'VERSION', 'CONNECTIONS', 'UP', 'DOWN', 'CPU', 'MANAGED AT'],
    right: [2, 4, 5, 6, 7],
    rows: [...rows, total],
  }
}
