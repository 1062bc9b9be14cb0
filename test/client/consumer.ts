/** A program of somebody else's, who has installed the package. Run with the cookie file, the TCP port and the Unix socket. */
export const program = `
import { connect, ConnectionError, followDaemon, RpcError, type Client, type Result, type Target } from 'proxyd/client'

const [cookieFile = '', port = '', path = ''] = process.argv.slice(2)
const unix: Target = { kind: 'unix', path }

const admin: Client = await connect(unix)
await admin.call('users.add', { name: 'bob', password: 'a password' }, { signal: AbortSignal.timeout(10_000) })
const refused = await admin.call('users.add', { name: 'bob', password: 'x' }).catch((error: unknown) => error)
console.log('twice:', refused instanceof RpcError && refused.kind)
admin.close()
console.log('closed:', (await admin.closed).code)

const client = await connect({ kind: 'tcp', host: '127.0.0.1', port: Number(port), cookieFile }, { name: 'consumer' })
const page: Result<'users.list'> = await client.call('users.list', { limit: 10 })
console.log('users:', page.users.map((user) => user.name).join())

const enough = new AbortController()
const samples = client.events('metrics.sample', { limit: 10, signal: enough.signal })
await client.call('metrics.subscribe', { history: 0 })
let seen = 0
for await (const { seq, connections } of samples) {
  if (!Number.isSafeInteger(seq + connections)) throw new Error('no numbers')
  if (++seen === 2) enough.abort()
}
console.log('samples:', seen, 'lost:', samples.lost)
client.close()

const gone = await connect({ kind: 'unix', path: path + '.not' }).catch((error: unknown) => error)
console.log('nowhere:', gone instanceof ConnectionError && gone.code)

const instances = new Set<string>()
const link = followDaemon(unix)
link.subscribe((state) => {
  if (state.status !== 'online') return
  instances.add(state.client.instance)
  console.log('online:', instances.size)
  if (instances.size === 2) link.stop()
})

export function mistakes(): void {
  // @ts-expect-error: no such method
  void client.call('users.ad', {})
  // @ts-expect-error: a password is missing
  void client.call('users.add', { name: 'bob' })
  // @ts-expect-error: no such parameter
  void client.call('session.ping', { now: true })
  // @ts-expect-error: no such event
  client.events('metrics.samples')
  // @ts-expect-error: TLS is for operators
  void connect({ kind: 'tls', host: 'h', port: 1, cookieFile })
}
`

/** Compiles if the declared types of the protocol are those of its table; `source` is the table's file. */
export function comparison(source: string): string {
  return `
import type * as Table from ${JSON.stringify(source)}
import type * as Declared from 'proxyd/client'

type Same<A, B> = (<T>() => T extends Plain<A> ? 1 : 2) extends (<T>() => T extends Plain<B> ? 1 : 2) ? true : false
type Plain<T> = T extends readonly unknown[] | Record<string, never>
  ? { [K in keyof T]: Plain<T[K]> }
  : T extends object ? { [K in keyof T]: Plain<T[K]> } : T

export const names: Same<Table.Method, Declared.Method> = true
export const events: Same<Table.EventName, Declared.EventName> = true
export const params: { [M in Table.Method]: Same<Table.Params<M>, Declared.Params<M>> } = {} as Record<Table.Method, true>
export const results: { [M in Table.Method]: Same<Table.Result<M>, Declared.Result<M>> } = {} as Record<Table.Method, true>
export const told: { [E in Table.EventName]: Same<Table.EventParams<E>, Declared.EventParams<E>> } =
  {} as Record<Table.EventName, true>
`
}
