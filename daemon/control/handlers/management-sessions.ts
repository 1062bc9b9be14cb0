import { RpcError } from '../../../shared/protocol/errors.ts'
import type { HandlersOf } from '../dispatch.ts'
import type { Session } from '../session.ts'

/** A management connection that has logged in. */
interface LoggedIn {
  readonly id: number
  /** Whole milliseconds since 1970. */
  readonly since: number
  readonly connection: { readonly session: Session; goodbye(reason: string): void }
}

/** Who is logged in to manage the daemon. */
export function managementSessionHandlers(clients: { loggedIn(): readonly LoggedIn[] }): HandlersOf<'sessions'> {
  return {
    'sessions.list': (_, asking) => ({
      sessions: clients.loggedIn().map(({ id, since, connection: { session } }) => {
        const { identity, via, address, topics } = session
        const { name, role } = identity
        return {
          id,
          name,
          role: role as Exclude<typeof role, 'anyone'>,
          via,
          address,
          since,
          follows: [...topics],
          own: session === asking,
        }
      }),
    }),
    'sessions.cut': ({ id }, asking) => {
      const found = clients.loggedIn().find((each) => each.id === id)
      if (!found) throw new RpcError('not_found', `no management connection ${id}`)
      const { session } = found.connection
      const reason = `${asking.identity.name} has ended this connection`
      if (session === asking) asking.goodbyeReason = reason
      else found.connection.goodbye(reason)
      return { name: session.identity.name }
    },
  }
}
