import type { UserAdministration } from '../backend.ts'
import type { HandlersOf } from '../dispatch.ts'
import { pageOfUsers } from './pages.ts'

/** The users of the proxy. */
export function userHandlers(users: UserAdministration): HandlersOf<'users'> {
  return {
    'users.list': (request) => {
      const { rows, next } = pageOfUsers(users.list(), request)
      return { users: rows, next }
    },
    'users.add': async ({ name, password }) => {
      await users.add(name, password)
      return {}
    },
    'users.remove': ({ name }) => users.remove(name),
    'users.setPassword': async ({ name, password }) => {
      await users.setPassword(name, password)
      return {}
    },
    'users.setEnabled': async ({ name, enabled }) => ({ cut: await users.setEnabled(name, enabled) }),
    'users.cut': async ({ name }) => ({ cut: await users.cut(name) }),
  }
}
