import { limits } from '../../../shared/protocol/limits.ts'
import type { Client } from '../../client/index.ts'
import type { Action } from './action.ts'

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
  }
}

/** `1 connection`, `2 connections`. */
export function connections(count: number): string {
  return `${count} connection${count === 1 ? '' : 's'}`
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
