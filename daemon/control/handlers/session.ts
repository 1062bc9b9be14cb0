import { RpcError } from '../../../shared/protocol/errors.ts'
import { protocolVersion } from '../../../shared/protocol/limits.ts'
import type { Operator, Role } from '../../../shared/protocol/methods.ts'
import type { HandlersOf } from '../dispatch.ts'
import { type Session, someoneLocal } from '../session.ts'

/**
 * What a client and the daemon agree on about their connection. Whoever came by the Unix socket has `socketRole`. `generation` is
 * 1 of a daemon that has not been upgraded.
 */
export function sessionHandlers(socketRole: Role, generation: number): HandlersOf<'session'> {
  return {
    'session.start': ({ protocol }, session) => start(protocol[0], session, socketRole),
    'session.whoami': (_, { identity: { name, role }, via, readOnly }) => ({
      name,
      role,
      via,
      ...(readOnly && { readOnly }),
      ...(generation > 1 && { generation }),
    }),
    'session.drop': ({ role, readOnly }, session) => {
      if (role !== undefined) session.limitTo(role)
      if (readOnly) session.limitToReading()
      // Strangers do not get this far, so it is an operator's.
      const left = session.identity.role as Operator['role']
      return { role: left, ...(session.readOnly && { readOnly: session.readOnly }) }
    },
    'session.ping': () => ({ time: Date.now() }),
  }
}

function start(major: number, session: Session, socketRole: Role): { protocol: [number, number] } {
  const [ours, minor] = protocolVersion
  if (session.started) throw new RpcError('conflict', 'the session has started already')
  if (major !== ours) {
    const supported = [protocolVersion]
    throw new RpcError('unsupported_version', `this daemon speaks protocol version ${ours}.${minor}`, { supported })
  }
  // The mode of the socket's file has kept all others out.
  if (session.via === 'unix') session.logIn(someoneLocal(socketRole))
  session.started = true
  return { protocol: [ours, minor] }
}
