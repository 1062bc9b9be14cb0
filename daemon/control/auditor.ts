import { isLimit } from '../../shared/limits.ts'
import type { ErrorKind } from '../../shared/protocol/errors.ts'
import type { Request } from '../../shared/protocol/message.ts'
import { type AuditEntry, type Method, type MethodShape, methods } from '../../shared/protocol/methods.ts'
import { isSetting, settings } from '../../shared/settings.ts'
import type { Backend, Log } from './backend.ts'
import type { Session } from './session.ts'

/** What is said of something, by name. */
type Facts = Readonly<Record<string, unknown>>

/** Characters of one fact, and facts, in one entry: whoever changes 500 users at once does not fill the disk with them. */
const longestFact = 1_000
const mostFacts = 64
/** Characters of a line of the log. */
const longestLine = 1_000

/** In place of a value that may be a secret. */
const notShown = '(not shown)'
/** Of the parameters that have members by name: whether what one holds may be read. */
const publicMembers: Readonly<Record<string, (name: string) => boolean>> = {
  patch: (name) => isSetting(name) && !('secret' in settings[name]),
  fields: isLimit,
}

type Known = Pick<Backend, 'audit' | 'userTable' | 'limits' | 'config' | 'operators'>

/** Sees what operators change, with what was so before and is so after, and tells the audit and the log. */
export class Auditor {
  readonly #known: Known
  readonly #log: Pick<Log, 'info'>

  /** `log` is for admins, too. */
  constructor(known: Known, log: Pick<Log, 'info'>) {
    this.#known = known
    this.#log = log
  }

  /** Does what a method does, and enters it if it changes something. What is refused is for `refused`. */
  async watch<R extends object>(
    session: Session,
    method: Method,
    params: Facts,
    deed: () => R | Promise<R>,
  ): Promise<R> {
    const { logged = [] }: MethodShape = methods[method]
    if (!isAudited(method, params)) return deed()
    // Who it was: a change may be to their own role.
    const actor = actorOf(session)
    const given = givenOf(logged, params)
    const line = lineOf(session, method, given)
    const before = this.#stateOf(method, params)
    const result = await deed()
    const after = this.#stateOf(method, params)
    const came = cameOf(method, params, result)
    const difference = differenceOf({ ...before, ...came.before }, { ...after, ...came.after })
    // Who fills the audit would fill the log, too.
    if (this.#known.audit.enter({ ...actor, action: method, given, ...difference, outcome: 'ok' })) this.#log.info(line)
    return result
  }

  /** Enters that somebody who is logged in was refused a change. */
  refused(session: Session, { method, params }: Request, outcome: ErrorKind): void {
    const { logged }: Partial<MethodShape> = Object.hasOwn(methods, method) ? methods[method as Method] : {}
    if (logged === undefined || !session.isLoggedIn) return
    this.#known.audit.enterFailure({ ...actorOf(session), action: method, given: givenOf(logged, params), outcome })
  }

  /** Enters that somebody did not get in; `name`: of an operator there is. What else was given may be a password. */
  loginFailed(session: Session, name: string | undefined): void {
    const given = name === undefined ? {} : { name }
    this.#known.audit.enterFailure({ ...actorOf(session), by: null, action: 'login', given, outcome: 'auth_failed' })
  }

  loggedIn(session: Session): void {
    const { operator, address } = session
    const isAlone = this.#known.audit.enter({ ...actorOf(session), action: 'login', given: {}, outcome: 'ok' })
    if (isAlone) this.#log.info(`management login of ${operator} from ${address}`)
  }

  /** What is so now of whom a method is about. */
  #stateOf(method: Method, params: Facts): Facts {
    const { userTable, limits, config, operators } = this.#known
    const { name } = params
    switch (domainOf(method)) {
      case 'users': {
        const names = (params.names ?? (name === undefined ? [] : [name])) as string[]
        const [only, ...others] = names.map((each) => userFacts(userTable.named(each)))
        return only && others.length === 0 ? only : Object.fromEntries([only, ...others].map((is, i) => [names[i], is]))
      }
      case 'groups':
        return limits.groups().find((group) => group.name === name)?.limits ?? {}
      case 'config': {
        const patch = params.patch as object
        const changed = config.get().settings.filter((setting) => Object.hasOwn(patch, setting.name))
        return Object.fromEntries(changed.map((setting) => [setting.name, setting.value]))
      }
      case 'operators': {
        const operator = operators.list().find((each) => each.name === name)
        return operator ? { role: operator.role } : {}
      }
      default:
        return {}
    }
  }
}

/** Whether a call changes something or hands out secrets; a dry run does not. */
export function isAudited(method: Method, params: Facts): boolean {
  const { logged }: MethodShape = methods[method]
  return logged !== undefined && params.dryRun !== true
}

function userFacts(user: ReturnType<Known['userTable']['named']>): Facts {
  return user ? { enabled: user.enabled, ...user.limits } : {}
}

function domainOf(method: string): string {
  return method.slice(0, method.indexOf('.'))
}

/** What the result of a method tells of before and after. */
function cameOf(method: Method, params: Facts, result: object): { before?: Facts; after?: Facts } {
  const { added, removed, cut, ban, lifted, killed, changed, reset, changes } = result as Facts
  switch (domainOf(method)) {
    case 'rules':
      return { before: { rules: removed }, after: { rules: added, cut: cut || undefined } }
    case 'bans':
      return ban === undefined ? { before: { bans: lifted } } : { after: { ban } }
    case 'connections':
      return { after: { killed } }
    case 'users':
      return { after: { ...(params.where !== undefined && { changed, reset }), cut: cut || undefined } }
    case 'transfer':
      return { after: { imported: changes } }
    default:
      return {}
  }
}

/** Who, and by which way: an address alone says nothing of whoever is on this machine. */
function actorOf({ identity, via, address }: Session): Pick<AuditEntry, 'by' | 'role' | 'from'> {
  return { by: identity.name || null, role: identity.role, from: wayOf({ identity, via, address }, ' ') }
}

function wayOf({ identity, via, address }: Pick<Session, 'identity' | 'via' | 'address'>, between: string): string {
  if (identity.node !== undefined) return `node ${identity.node}`
  return via === 'unix' ? via : `${via}${between}${address}`
}

/**
 * The parameters that are no secret. What is refused may be anything: a setting that can only be told by a file or flag, such as the
 * webhook's URL, or a password among the limits.
 */
function givenOf(logged: readonly string[], params: Facts): Facts {
  return bounded(
    Object.fromEntries(
      logged.filter((name) => Object.hasOwn(params, name)).map((name) => [name, shown(name, params[name])]),
    ),
  )
}

/** A parameter of this name, without the values of members that are secret or that nobody knows. */
function shown(parameter: string, value: unknown): unknown {
  const isPublic = publicMembers[parameter]
  if (isPublic === undefined) return value
  if (typeof value !== 'object' || value === null) return notShown
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, isPublic(name) ? each : notShown]))
}

/** What is not the same in both. */
function differenceOf(before: Facts, after: Facts): { before?: Facts; after?: Facts } {
  const names = new Set([...Object.keys(before), ...Object.keys(after)])
  const changed = [...names].filter((name) => JSON.stringify(before[name]) !== JSON.stringify(after[name]))
  const only = (facts: Facts) =>
    bounded(Object.fromEntries(changed.filter((name) => facts[name] !== undefined).map((name) => [name, facts[name]])))
  return changed.length === 0 ? {} : { before: only(before), after: only(after) }
}

function bounded(facts: Facts): Facts {
  const all = Object.entries(facts)
  const some = all.slice(0, mostFacts).map(([name, value]) => {
    const text = JSON.stringify(value) ?? ''
    return [name, text.length > longestFact ? `${text.slice(0, longestFact)}…` : value] as const
  })
  return { ...Object.fromEntries(some), ...(all.length > mostFacts && { '…': all.length - mostFacts }) }
}

/** What the log is to say of a change, in one line without secrets. */
function lineOf({ identity, via, address }: Session, method: Method, given: Facts): string {
  const from = wayOf({ identity, via, address }, ', ')
  const what = Object.entries(given)
    .map(([name, value]) => ` ${name}=${JSON.stringify(value)}`)
    .join('')
  const line = `${identity.name} (${from}): ${method}${what}`
  return line.length > longestLine ? `${line.slice(0, longestLine)}…` : line
}
