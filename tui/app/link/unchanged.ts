import { everyPage } from '../../../shared/commands/every-page.ts'
import { RpcError } from '../../../shared/protocol/errors.ts'
import type { Client } from '../../client/index.ts'
import type { Action } from './action.ts'

type Call = Client['call']

/** Rejects with `conflict` if what the action expects of a user does not hold any longer; as `Client.call` does, too. */
export async function expectUser({ name, was }: Extract<Action, { do: 'setEnabled' }>, call: Call): Promise<void> {
  if (was === undefined) return
  const pages = await everyPage((from) => call('users.list', from))
  const user = pages.flatMap((page) => page.users).find((each) => each.name === name)
  if (!user) throw changed(`user ${name} is gone`)
  if (user.enabled !== was) throw changed(`${name} is ${user.enabled ? 'enabled' : 'disabled'} by now`)
}

/** As `expectUser`, of an operator's role. */
export async function expectRole({ name, was }: Extract<Action, { do: 'setRole' }>, call: Call): Promise<void> {
  const { operators } = await call('operators.list', {})
  const operator = operators.find((each) => each.name === name)
  if (!operator) throw changed(`operator ${name} is gone`)
  if (operator.role !== was) throw changed(`${name} is ${operator.role} by now`)
}

function changed(how: string): RpcError {
  return new RpcError('conflict', `somebody else was faster: ${how}`)
}
