import { RpcError } from '../../../shared/protocol/errors.ts'
import { limits } from '../../../shared/protocol/limits.ts'
import type { Params, Result } from '../../../shared/protocol/methods.ts'
import type { Client } from '../../client/index.ts'
import type { Action, Change } from './action.ts'

type Call = Client['call']

/** Ask the daemon to do `action`. Resolves to what came of it, for people; rejects as `Client.call` does. */
export async function perform(action: Action, call: Call): Promise<string> {
  switch (action.do) {
    case 'kill':
      return kill(action.ids, call)
    case 'addUser':
      await call('users.add', { name: action.name, password: action.password })
      return `added ${action.name}`
    case 'removeUser': {
      const { cut } = await call('users.remove', { name: action.name })
      return `deleted ${action.name}, ${connections(cut)} cut`
    }
    case 'setPassword':
      await call('users.setPassword', { name: action.name, password: action.password })
      return `changed the password of ${action.name}`
    case 'setEnabled': {
      const { cut } = await call('users.setEnabled', { name: action.name, enabled: action.enabled })
      return action.enabled ? `enabled ${action.name}` : `disabled ${action.name}, ${connections(cut)} cut`
    }
    case 'configure':
      return configure(action, call)
    case 'addOperator':
      await call('operators.add', { name: action.name, role: action.role, password: action.password })
      return `added ${action.role} ${action.name}`
    case 'removeOperator': {
      const { ended } = await call('operators.remove', { name: action.name })
      return `deleted ${action.name}, ${sessions(ended)} ended`
    }
    case 'setOperatorPassword': {
      const { ended } = await call('operators.setPassword', { name: action.name, password: action.password })
      return `changed the password of ${action.name}, ${sessions(ended)} ended`
    }
    case 'setRole': {
      const { ended } = await call('operators.setRole', { name: action.name, role: action.role })
      return `${action.name} is ${action.role} now, ${sessions(ended)} ended`
    }
  }
}

/** `1 connection`, `2 connections`. */
export function connections(count: number): string {
  return `${count} connection${count === 1 ? '' : 's'}`
}

/** `1 session`, `2 sessions`. */
export function sessions(count: number): string {
  return `${count} session${count === 1 ? '' : 's'}`
}

/** What people should know before this change is made. Resolves to the daemon's warnings; rejects as `Client.call` does. */
export async function foresee({ name, value, revision }: Change, call: Call): Promise<readonly string[]> {
  const { warnings } = await set({ revision, patch: { [name]: value }, dryRun: true }, call)
  return warnings
}

async function configure({ name, value, revision }: Change, call: Call): Promise<string> {
  const { changed } = await set({ revision, patch: { [name]: value } }, call)
  const what = value === null ? 'what flag, file or default say' : String(value)
  if (!changed.includes(name)) return `${name} is ${what} already`
  return value === null ? `${name} is back at ${what}` : `${name} is ${what} now`
}

/** Of a conflict the daemon speaks in revisions, which are not shown. */
async function set(params: Params<'config.set'>, call: Call): Promise<Result<'config.set'>> {
  try {
    return await call('config.set', params)
  } catch (error) {
    if (!(error instanceof RpcError) || error.kind !== 'conflict') throw error
    throw new RpcError('conflict', 'somebody else has just changed the settings; look, then try again')
  }
}

async function kill(ids: readonly string[], call: Call): Promise<string> {
  let killed = 0
  let missing = 0
  for (let at = 0; at < ids.length; at += limits.page) {
    const result = await call('connections.kill', { ids: ids.slice(at, at + limits.page) })
    killed += result.killed.length
    missing += result.missing.length
  }
  const gone = missing > 0 ? `${connections(missing)} had ended before` : ''
  return [killed > 0 || missing === 0 ? `cut ${connections(killed)}` : '', gone].filter(Boolean).join(', ')
}
