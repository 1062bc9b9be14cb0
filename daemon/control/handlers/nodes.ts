import { RpcError } from '../../../shared/protocol/errors.ts'
import { limits as protocolLimits } from '../../../shared/protocol/limits.ts'
import { firstThatFit } from '../../../shared/protocol/message.ts'
import { type Method, methods, type Params, type Result } from '../../../shared/protocol/methods.ts'
import { demandMandate } from '../../turns.ts'
import type { Backend, FleetAdministration, UserTable } from '../backend.ts'
import type { HandlersOf } from '../dispatch.ts'
import type { Session } from '../session.ts'

/** Users of one node whose connections are told. */
const mostUsers = protocolLimits.page

/** The nodes of the fleet: listed, and told by way of the store what to do. */
export function nodeHandlers({
  fleet,
  userTable,
  lifecycle,
}: Pick<Backend, 'fleet' | 'userTable' | 'lifecycle'>): HandlersOf<'nodes'> {
  const known = () => {
    if (fleet) return fleet
    throw new RpcError(
      'conflict',
      'this daemon is in no fleet: for one, start each with --store and the same PostgreSQL',
    )
  }
  const becomes = async (name: string, method: 'daemon.drain' | 'daemon.undrain', session: Session) => {
    const { node } = await known().named(name)
    const [[, answer] = []] = await askNodes(known(), [node], method, {}, session.identity)
    if (!answer) throw new RpcError('unavailable', `node ${node} has not answered: it may still do so`)
    return {}
  }
  return {
    'nodes.list': async ({ cursor = '', limit = protocolLimits.page }) => {
      const { node } = known()
      const rows = (await known().list()).filter(({ name }) => name > cursor).slice(0, limit + 1)
      const nodes = firstThatFit(rows.slice(0, limit), protocolLimits.line)
      return rows.length > nodes.length ? { node, nodes, next: nodes.at(-1)?.name } : { node, nodes }
    },
    'nodes.users': async (_, { identity }) => {
      const { node } = known()
      const own = ownUsers(userTable, node)
      if (identity.node !== undefined) return { users: own, silent: [] }
      const answers = await askNodes(known(), 'others', 'nodes.users', {}, identity)
      const theirs = answers.flatMap(([, answer]) => answer?.users ?? [])
      return { users: summedUp([...own, ...theirs]), silent: silentOf(answers) }
    },
    'nodes.drain': async ({ name }, session) => {
      if (name !== known().node) return becomes(name, 'daemon.drain', session)
      if (!lifecycle.drain()) throw new RpcError('draining', 'the daemon drains already')
      return {}
    },
    'nodes.undrain': async ({ name }, session) => {
      if (name !== known().node) return becomes(name, 'daemon.undrain', session)
      await lifecycle.undrain()
      return {}
    },
    'nodes.forget': async ({ name }) => {
      await known().forget(name)
      return {}
    },
  }
}

type NodeUsers = readonly {
  readonly name: string
  readonly connections: number
  readonly nodes: { node: string; connections: number }[]
}[]

/** As `FleetAdministration.order`; what is of another shape than the method's results is no answer. */
export async function askNodes<M extends Method>(
  { order }: Pick<FleetAdministration, 'order'>,
  nodes: readonly string[] | 'others',
  method: M,
  params: Params<M>,
  asker: Session['identity'],
): Promise<(readonly [node: string, answer: Partial<Result<M>> | undefined])[]> {
  demandMandate()
  const answers = await order(nodes, method, params, asker)
  const isNothing = (answer: object | undefined) => nodes === 'others' && Object.keys(answer ?? {}).length === 0
  const read = (answer: object | undefined) => methods[method].result.safeParse(answer).data as Result<M> | undefined
  return answers.map(([node, answer]) => [node, isNothing(answer) ? (answer as Partial<Result<M>>) : read(answer)])
}

/** Nodes that have not answered. */
export function silentOf(answers: readonly (readonly [node: string, answer: object | undefined])[]): string[] {
  return answers.filter(([, answer]) => answer === undefined).map(([node]) => node)
}

function ownUsers(table: UserTable, node: string) {
  const users = table.page(Number.POSITIVE_INFINITY).filter(({ connections }) => connections > 0)
  return busiest(users.map(({ name, connections }) => ({ name, connections, nodes: [{ node, connections }] })))
}

function summedUp(users: NodeUsers) {
  const sums = new Map<string, { name: string; connections: number; nodes: { node: string; connections: number }[] }>()
  for (const { name, connections, nodes } of users) {
    const sum = sums.get(name)
    if (sum) {
      sum.connections += connections
      sum.nodes.push(...nodes)
    } else sums.set(name, { name, connections, nodes: [...nodes] })
  }
  return busiest([...sums.values()])
}

function busiest<Row extends { readonly connections: number }>(rows: readonly Row[]): Row[] {
  return [...rows].sort((one, other) => other.connections - one.connections).slice(0, mostUsers)
}
