import { RpcError } from '../../shared/protocol/errors.ts'
import { protocolVersion } from '../../shared/protocol/limits.ts'
import { beginServer, type KeyRing, ScramError } from '../../shared/protocol/scram.ts'
import type { Handlers } from './dispatch.ts'
import type { Log } from './log.ts'
import type { LoginFailures } from './login-failures.ts'
import type { Identity, Session } from './session.ts'

export type LoginMethod = 'session.start' | 'session.whoami' | 'auth.begin' | 'auth.finish'

/** Whoever can open the Unix socket or read the cookie. */
const localAdmin: Identity = { name: 'local', role: 'admin' }

/** How a client gets in. Only `auth_failed` and `rate_limited` say that it did not; both end its connection. */
export function loginHandlers(ring: KeyRing, failures: LoginFailures, log: Log): Pick<Handlers, LoginMethod> {
  return {
    'session.start': ({ protocol }, session) => start(protocol[0], session),
    'session.whoami': (_, { identity, via }) => ({ ...identity, via }),
    'auth.begin': ({ message }, session) => {
      refuseSecondLogin(session)
      if (failures.tooMany(session.address)) throw new RpcError('rate_limited', 'too many failed logins; wait a minute')
      // A second login beside one that is open would be a second guess for the price of one.
      if (session.login !== undefined) throw fail(session)
      session.login = judged(session, () => beginServer(message, ring))
      return { message: session.login.message }
    },
    'auth.finish': ({ message }, session) => {
      refuseSecondLogin(session)
      const { login } = session
      session.login = undefined
      if (login === undefined) throw fail(session)
      const proof = judged(session, () => login.finish(message))
      session.identity = localAdmin
      log.info(`management login from ${session.address}`)
      return { message: proof, role: localAdmin.role }
    },
  }

  function judged<T>(session: Session, step: () => T): T {
    try {
      return step()
    } catch (error) {
      throw error instanceof ScramError ? fail(session) : error
    }
  }

  /** One text for every cause, so that names cannot be probed. */
  function fail(session: Session): RpcError {
    failures.note(session.address)
    log.warn(`management login from ${session.address} failed`)
    return new RpcError('auth_failed', 'the login failed')
  }
}

function refuseSecondLogin(session: Session): void {
  if (session.isLoggedIn) throw new RpcError('conflict', 'this connection is logged in already')
}

function start(major: number, session: Session): { protocol: [number, number] } {
  const [ours, minor] = protocolVersion
  if (session.started) throw new RpcError('conflict', 'the session has started already')
  if (major !== ours) {
    const supported = [protocolVersion]
    throw new RpcError('unsupported_version', `this daemon speaks protocol version ${ours}.${minor}`, { supported })
  }
  session.started = true
  // The mode of the socket's file has kept all others out.
  if (session.via === 'unix') session.identity = localAdmin
  return { protocol: [ours, minor] }
}
