import { RpcError } from '../../shared/protocol/errors.ts'
import type { Request } from '../../shared/protocol/message.ts'
import type { Method, Role } from '../../shared/protocol/methods.ts'
import type { Service } from './connection.ts'
import { dispatch, refusalOf } from './dispatch.ts'
import { Session } from './session.ts'

/** What an operator has asked another node of the fleet for. */
export interface Ordered {
  /** The node. */
  readonly from: string
  readonly by: string
  readonly role: Role
  readonly method: string
  readonly params: Request['params']
}

/** All that one node may have another do. */
const ordered: ReadonlySet<string> = new Set<Method>([
  'users.cut',
  'connections.kill',
  'daemon.drain',
  'daemon.undrain',
  'nodes.users',
])

/** Does here what somebody has asked for elsewhere, entered as theirs. Rejects with `RpcError` if it may not be. */
export async function carryOut(service: Service, { from, by, role, method, params }: Ordered): Promise<object> {
  if (!ordered.has(method)) throw new RpcError('method_not_found', 'no node does that for another')
  const session = new Session('unix', from, { ready: false, send: () => {} }, () => {})
  session.started = true
  session.logIn({ name: by, role, isNamed: false, node: from })
  const request = { id: 0, method, params }
  try {
    return await dispatch(service, session, request)
  } catch (error) {
    const refusal = refusalOf(error, method, service.log)
    service.auditor.refused(session, request, refusal.kind)
    throw refusal
  }
}
