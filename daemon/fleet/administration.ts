import { type ErrorKind, RpcError } from '../../shared/protocol/errors.ts'
import type { FleetNode, Method, Role } from '../../shared/protocol/methods.ts'
import type { StoredAnswer, StoredOrder } from '../store/store.ts'
import { isThere, type Nodes } from './nodes.ts'
import type { Orders } from './orders.ts'

/** What operators may ask for of other nodes: of `node`, which this one is, they ask the daemon itself. */
export function fleetAdministration(node: string, nodes: Nodes, orders: Pick<Orders, 'give'>) {
  return {
    node,
    async list(): Promise<FleetNode[]> {
      return (await nodes.list()).map(({ socks, control, ...rest }) => {
        return { ...rest, socks: [...socks], control: [...control] }
      })
    },
    /** Refused with `not_found`, and with `conflict` if it is not there to do anything. */
    async named(name: string): Promise<{ readonly node: string }> {
      const node = await nodes.named(name)
      if (!isThere(node)) throw new RpcError('conflict', `node ${name} has ${node.state === 'gone' ? 'gone' : 'ended'}`)
      return { node: name }
    },
    forget: (name: string) => nodes.forget(name),
    /** See `FleetAdministration`. */
    async order(
      wanted: readonly string[] | 'others',
      method: Method,
      params: Readonly<Record<string, unknown>>,
      { name: by, role }: { readonly name: string; readonly role: Role },
    ): Promise<(readonly [node: string, answer: object | undefined])[]> {
      if (role === 'anyone') throw new RpcError('forbidden', 'nobody asks other nodes without a login')
      const to = wanted === 'others' ? await others() : wanted
      const answers = await orders.give(to, { by, role, method, params })
      return [...answers].map(([each, answer]) => [each, answer && resultOf(answer, wanted === 'others')] as const)
    },
  }

  async function others(): Promise<string[]> {
    return (await nodes.list())
      .filter(isThere)
      .map(({ name }) => name)
      .filter((name) => name !== node)
  }
}

/** Throws `RpcError` for a refusal, or takes it for nothing. */
function resultOf(answer: StoredAnswer, takesRefusals: boolean): object {
  if ('result' in answer) return answer.result
  if (takesRefusals) return {}
  throw new RpcError(answer.refusal.kind, answer.refusal.message)
}

/** What becomes of an order here. Never rejects. */
export async function answerTo(
  order: StoredOrder,
  control: { carryOut(order: StoredOrder): Promise<object> } | undefined,
): Promise<StoredAnswer> {
  try {
    if (!control) throw new RpcError('unavailable', 'this node is about to start')
    return { result: await control.carryOut(order) }
  } catch (error) {
    const { kind, message }: { kind: ErrorKind; message: string } =
      error instanceof RpcError ? error : new RpcError('internal_error', 'a fault in the daemon; its log tells more')
    return { refusal: { kind, message } }
  }
}
