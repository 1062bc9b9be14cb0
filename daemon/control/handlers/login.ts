import { createHmac } from 'node:crypto'
import { RpcError } from '../../../shared/protocol/errors.ts'
import { cookieUser, limits as protocolLimits } from '../../../shared/protocol/limits.ts'
import { beginServer, makeKeys, minIterations, ScramError, type ScramKeys } from '../../../shared/protocol/scram.ts'
import type { Auditor } from '../auditor.ts'
import type { Log, OperatorAdministration } from '../backend.ts'
import type { HandlersOf } from '../dispatch.ts'
import { LoginFailures } from '../login-failures.ts'
import { type Identity, type Session, someoneLocal, type Via } from '../session.ts'

/** Counts that the failures of operators' names on this machine are spread over. */
const nameCounts = 512

/** Whom a login is checked against, and who it makes of a client. */
interface Account {
  readonly keys: ScramKeys
  readonly identity: Identity
}

/** Undefined for a name that cannot log in this way, whether it is known or not. */
type FindAccount = (name: string, via: Via) => Account | undefined

/**
 * Named operators, and on the plain sockets of this machine the cookie. A client with TLS may be anywhere, and no copy of
 * the cookie should be: there its name is unknown.
 */
export function accounts(operators: OperatorAdministration, cookie: string): FindAccount {
  const holder = { keys: makeKeys(cookie, undefined, minIterations), identity: someoneLocal('admin') }
  return (name, via) => {
    if (name === cookieUser && via !== 'tls') return holder
    const credentials = operators.credentialsOf(name)
    return credentials && { keys: credentials.keys, identity: { name, role: credentials.role, isNamed: true } }
  }
}

export interface LoginOptions {
  readonly find: FindAccount
  /** At least 32 random bytes, the same at each start. */
  readonly decoySecret: Buffer
  readonly failures: LoginFailures
  readonly auditor: Auditor
  /** For admins, too. */
  readonly log: Pick<Log, 'info'>
}

/**
 * How a client gets in. `auth_failed`, `rate_limited` and `busy` say that it did not, and end its connection. A login that
 * has begun counts as a failed one until it succeeds: however many guess at once, no more are judged than may fail.
 */
export function loginHandlers(options: LoginOptions): HandlersOf<'auth'> {
  const { find, decoySecret, failures, auditor, log } = options
  /** Each address, and this machine with all of its own, fills no more of the log than so many lines a minute. */
  const told = new LoginFailures(protocolLimits.loginFailures)
  return {
    'auth.begin': ({ message }, session) => {
      refuseSecondLogin(session)
      // A second login beside one that is open would be a second guess for the price of one.
      if (session.login !== undefined) throw fail(session)
      if (session.via === 'tls') spend(session.address)
      const keysOf = (name: string) => find(name, session.via)?.keys
      const exchange = judged(session, () => beginServer(message, { keysOf, decoySecret }))
      const countedAs = session.via === 'tls' ? session.address : guessesOf(exchange.user)
      if (session.via !== 'tls') spend(countedAs)
      session.login = { exchange, keys: keysOf(exchange.user), countedAs }
      return { message: exchange.message }
    },
    'auth.finish': ({ message }, session) => {
      refuseSecondLogin(session)
      const { login } = session
      session.login = undefined
      if (login === undefined) {
        if (session.via === 'tls') failures.note(session.address)
        throw fail(session)
      }
      const known = login.keys && login.exchange.user
      const proof = judged(session, () => login.exchange.finish(message), known)
      const account = find(login.exchange.user, session.via)
      // The operator may have been changed or removed since the login began.
      if (account === undefined || account.keys !== login.keys) throw fail(session, known)
      if (login.countedAs !== undefined) failures.takeBack(login.countedAs)
      session.logIn(account.identity)
      if (account.identity.isNamed) auditor.loggedIn(session)
      else log.info(`management login from ${session.address}`)
      return { message: proof, role: session.identity.role }
    },
  }

  /** Counts a guess, unless nobody could guess right. Throws `rate_limited`. */
  function spend(countedAs: string | undefined): void {
    if (countedAs === undefined) return
    if (failures.tooMany(countedAs)) throw new RpcError('rate_limited', 'too many failed logins; wait a minute')
    failures.note(countedAs)
  }

  /**
   * What a guess from this machine counts as, where every program has the same address: the operator that it is about,
   * so that it hinders no other. Names share a number of counts that is fixed, or whoever made up enough of them would
   * have an operator's forgotten. Undefined for the cookie: it is new at each start and has 256 bits.
   */
  function guessesOf(name: string): string | undefined {
    if (name === cookieUser) return undefined
    return `name ${createHmac('sha256', decoySecret).update(name).digest().readUInt16BE() % nameCounts}`
  }

  function judged<T>(session: Session, step: () => T, known?: string): T {
    try {
      return step()
    } catch (error) {
      throw error instanceof ScramError ? fail(session, known) : error
    }
  }

  /** One text for every cause, so that names cannot be probed. `known`: the operator whose name was given, if there is one. */
  function fail(session: Session, known?: string): RpcError {
    auditor.loginFailed(session, known)
    const source = session.via === 'tls' ? session.address : session.via
    if (!told.tooMany(source)) log.info(`management login from ${session.address} failed`)
    told.note(source)
    return new RpcError('auth_failed', 'the login failed')
  }
}

function refuseSecondLogin(session: Session): void {
  if (session.isLoggedIn) throw new RpcError('conflict', 'this connection is logged in already')
}
