import { RpcError } from '../../../shared/protocol/errors.ts'
import { limits } from '../../../shared/protocol/limits.ts'
import type { Params, Result } from '../../../shared/protocol/methods.ts'
import type { Client } from '../../client/index.ts'
import type { Action, Change } from './action.ts'
import { expectRole, expectUser } from './unchanged.ts'

type Call = Client['call']

/** What came of an action. */
export interface Deed {
  /** For people. */
  readonly text: string
  /** What would undo it; null if nothing can. */
  readonly undo: Action | null
}

/** Ask the daemon to do `action`. Resolves to what came of it; rejects as `Client.call` does. */
export async function perform(action: Action, call: Call): Promise<Deed> {
  switch (action.do) {
    case 'setEnabled':
      return setEnabled(action, call)
    case 'configure':
      return configure(action, call)
    case 'setRole':
      return setRole(action, call)
    default:
      return { text: await performForGood(action, call), undo: null }
  }
}

type Undoable = Extract<Action, { do: 'setEnabled' | 'configure' | 'setRole' }>

/** What cannot be undone. Resolves to what came of it, for people. */
async function performForGood(action: Exclude<Action, Undoable>, call: Call): Promise<string> {
  switch (action.do) {
    case 'kill':
      return kill(action.ids, call)
    case 'cutUser': {
      const { cut } = await call('users.cut', { name: action.name })
      return `cut ${connections(cut)} of ${action.name}`
    }
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

async function setEnabled(action: Extract<Action, { do: 'setEnabled' }>, call: Call): Promise<Deed> {
  await expectUser(action, call)
  const { name, enabled } = action
  const { cut } = await call('users.setEnabled', { name, enabled })
  const undo = { do: 'setEnabled', name, enabled: !enabled, was: enabled } as const
  if (enabled) return { text: `enabled ${name}`, undo }
  return { text: `disabled ${name}, ${connections(cut)} cut${cut > 0 ? ' for good' : ''}`, undo }
}

async function setRole(action: Extract<Action, { do: 'setRole' }>, call: Call): Promise<Deed> {
  await expectRole(action, call)
  const { name, role, was } = action
  const { ended } = await call('operators.setRole', { name, role })
  const text = `${name} is ${role} now, ${sessions(ended)} ended`
  return { text, undo: { do: 'setRole', name, role: was, was: role } }
}

async function configure({ name, value, revision, before }: Change, call: Call): Promise<Deed> {
  const { changed, revision: now } = await set({ revision, patch: { [name]: value } }, call)
  const what = value === null ? 'what flag, file or default say' : String(value)
  const undo = { do: 'configure', name, value: before, revision: now, before: value } as const
  if (!changed.includes(name)) return { text: `${name} is ${what} already`, undo: null }
  return { text: value === null ? `${name} is back at ${what}` : `${name} is ${what} now`, undo }
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
