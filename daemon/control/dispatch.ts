import type * as z from 'zod'
import { RpcError } from '../../shared/protocol/errors.ts'
import type { Request } from '../../shared/protocol/message.ts'
import { type Method, methods, type Result } from '../../shared/protocol/methods.ts'
import { Refusal } from '../refusal.ts'
import { withMandate } from '../turns.ts'
import { type Auditor, isAudited } from './auditor.ts'
import type { Backend, Log } from './backend.ts'
import type { Changes } from './changes.ts'
import type { Session } from './session.ts'

/** Faults of parameters that a refusal names, and characters of each: it must not be longer than what it refuses. */
const mostFaults = 8
const longestText = 256
/** Characters of a refusal: it may quote what it refuses, which may be as long as a line. */
const longestRefusal = 1000

/** One function for each method of the protocol: a missing one does not compile. */
export type Handlers = {
  readonly [M in Method]: (
    params: z.output<(typeof methods)[M]['params']>,
    session: Session,
  ) => Result<M> | Promise<Result<M>>
}

/** The handlers of one domain, such as `users`. */
export type HandlersOf<Domain extends string> = Pick<Handlers, Extract<Method, `${Domain}.${string}`>>

/**
 * Does what a request asks for, if this caller may and its parameters are right; otherwise throws `RpcError`. What a caller changes
 * is made one after the other, and each only if they still may by the time that it acts: they may have sent many at once, and been
 * removed meanwhile.
 */
export function dispatch(
  {
    handlers,
    auditor,
    changes,
    bring,
  }: Pick<Backend, 'bring'> & {
    readonly handlers: Handlers
    readonly auditor: Auditor
    readonly changes: Changes
  },
  session: Session,
  request: Request,
): object | Promise<object> {
  const { method } = request
  if (!isMethod(method)) throw new RpcError('method_not_found', 'there is no such method')
  if (!session.started && method !== 'session.start') throw new RpcError('invalid_request', 'session.start comes first')
  demandRight(session, method, request.params)
  const params = paramsOf(method, request.params)
  const deed = () => carryOut(handlers, session, method, params)
  if (!isAudited(method, params)) return bring?.(usersIn(method, params))?.then(deed) ?? deed()
  const watched = (act: () => object | Promise<object>) => auditor.watch(session, method, params, act)
  if (method.startsWith('daemon.')) return changes.makeAtOnce(() => watched(deed))
  const right = () => demandRight(session, method, params)
  return session.change(async () => {
    await bring?.(usersIn(method, params))
    return changes.make(() => withMandate(right, () => watched(() => changes.everywhere(method, params, deed))))
  })
}

/** Throws `RpcError` if this session may not do that, or not any longer. */
function demandRight(session: Session, method: Method, params: Readonly<Record<string, unknown>>): void {
  session.demandRole(methods[method].role)
  if (session.readOnly && isAudited(method, params)) {
    throw new RpcError('forbidden', `${method} is not for a read-only session`)
  }
}

/** Names of the users whom a call is about. */
function usersIn(method: Method, { name, names, user, users, patch }: Readonly<Record<string, unknown>>): string[] {
  if (method.startsWith('users.') && method !== 'users.add') return [name, names].flat().filter(isText)
  if (method === 'usage.list' || method === 'metrics.history' || method === 'rules.test') return [user].filter(isText)
  if (method === 'config.set') return trustedIn((patch ?? {}) as Readonly<Record<string, unknown>>)
  if (method === 'transfer.import')
    return ((users ?? []) as readonly { readonly name: string }[]).map(({ name }) => name)
  return []
}

/** As whom clients are to come without a login; what is no such text is refused later. */
function trustedIn({ 'trusted-from': texts }: Readonly<Record<string, unknown>>): string[] {
  return [texts].flat().flatMap((text) => (isText(text) ? (/=(.+)$/.exec(text)?.[1] ?? []) : []))
}

function isText(value: unknown): value is string {
  return typeof value === 'string'
}

/** What has kept a method from being carried out, as whoever asked may know it. A fault of ours is told to the log. */
export function refusalOf(error: unknown, method: string, log: Log): RpcError {
  if (error instanceof RpcError) return error
  if (error instanceof Refusal) {
    const kind = error.kind === 'invalid' ? 'invalid_params' : error.kind
    return new RpcError(kind, shortened(error.message), error.details)
  }
  log.error(error, `management call ${method} failed`)
  return new RpcError('internal_error', 'a fault in the daemon; its log tells more')
}

/** Makes a change that a process has made that this one makes way for: it has asked who may, and entered who did. */
export function repeat(
  { handlers, changes }: { readonly handlers: Handlers; readonly changes: Changes },
  session: Session,
  { method, params: given }: Pick<Request, 'method' | 'params'>,
): Promise<object> {
  if (!isMethod(method)) throw new RpcError('method_not_found', 'there is no such method')
  const params = paramsOf(method, given)
  return changes.everywhere(method, params, () => carryOut(handlers, session, method, params))
}

/** Throws `RpcError` if they are wrong. */
function paramsOf(method: Method, given: unknown): Readonly<Record<string, unknown>> {
  refusePrototypes(given)
  const params = methods[method].params.safeParse(given)
  if (!params.success) throw invalidParams(params.error)
  return params.data
}

/** `params` are right: they have been checked by the table that names the handler. */
function carryOut(handlers: Handlers, session: Session, method: Method, params: unknown): object | Promise<object> {
  const handler = handlers[method] as (params: unknown, session: Session) => object | Promise<object>
  return handler(params, session)
}

/** Own members only: `toString` and `__proto__` are no methods. */
function isMethod(name: string): name is Method {
  return Object.hasOwn(methods, name)
}

/** Zod passes over such a member of a record; but whoever asks for something is to hear that it is not done. */
function refusePrototypes(value: unknown): void {
  if (typeof value !== 'object' || value === null) return
  if (Object.hasOwn(value, '__proto__')) throw new RpcError('invalid_params', 'no member is called __proto__')
  for (const member of Object.values(value)) refusePrototypes(member)
}

/** Zod's messages name members and types, never values. What is wrong with them all is said of the first few. */
function invalidParams({ issues }: z.ZodError): RpcError {
  const faults = issues.slice(0, mostFaults).map(({ path, message }) => ({
    path: path.map((step) => shorten(String(step))),
    message: shorten(message),
  }))
  const text = faults
    .map(({ path, message }) => (path.length > 0 ? `${path.join('.')}: ${message}` : message))
    .join('; ')
  return new RpcError('invalid_params', text, { faults })
}

function shorten(text: string): string {
  return text.length > longestText ? `${text.slice(0, longestText)}…` : text
}

/** Without its middle if need be: what is wrong is said at the front, and what to do at the end. */
function shortened(text: string): string {
  const half = longestRefusal / 2
  return text.length > longestRefusal ? `${text.slice(0, half)}…${text.slice(-half)}` : text
}
