import { operatorFields } from '../filter/management-fields.ts'
import { counted } from '../format/count.ts'
import { formatTime } from '../format/time.ts'
import { RpcError } from '../protocol/errors.ts'
import type { Operator } from '../protocol/methods.ts'
import type { Context } from './context.ts'
import { filterWords, readFilter } from './filter-words.ts'
import { givePassword, passwordFlags, unlessStored } from './new-password.ts'
import { oneOf } from './usage.ts'
import { type Table, verb } from './verb.ts'

/** What an operator may be, weakest first. */
export const operatorRoles = ['viewer', 'operator', 'admin'] as const satisfies readonly Operator['role'][]

const unknownOperator = { not_found: "list the operators with 'operators'" }

export const operatorVerbs = {
  operators: verb({
    arguments: '[WORD...]',
    role: 'admin',
    summary: 'list who may log in to manage the daemon, with roles',
    words: filterWords,
    prepare: (words) => {
      const { matches } = readFilter(operatorFields, words)
      return async ({ call }) => {
        const operators = (await call('operators.list', {})).operators.filter(matches)
        return { data: operators, view: tableOf(operators) }
      }
    },
  }),
  addoperator: verb({
    arguments: 'NAME',
    makes: 'operator',
    role: 'admin',
    logged: true,
    flags: {
      role: { value: 'ROLE', choices: operatorRoles, summary: 'viewer (the default), operator or admin' },
      ...passwordFlags,
    },
    form: 'New operator: a viewer, operator or admin',
    summary: 'add an operator; prints the password it makes, once',
    hints: { exists: "change the password with 'passwdoperator', the role with 'role'" },
    prepare: ([name], flags) => {
      const role = oneOf(operatorRoles, flags.get('role') ?? 'viewer', 'ROLE')
      const done = () => `added ${role} ${name}`
      return givePassword(name, flags, done, async ({ call }, password) => {
        await call('operators.add', { name, role, password })
        return { role }
      })
    },
  }),
  deloperator: verb({
    arguments: 'NAME',
    takes: ['operator'],
    role: 'admin',
    logged: true,
    summary: 'delete an operator and end their sessions',
    hints: unknownOperator,
    ask: ([name], _, known) => {
      const operator = known.operator(name)
      const ended = operator ? counted(operator.sessions, 'session') : 'their sessions'
      return {
        question: `Delete operator ${name}?`,
        facts: [`They cannot log in again; ${ended} will be ended.`],
        yes: 'Delete',
      }
    },
    prepare:
      ([name]) =>
      async ({ call }) => {
        const { ended, stored } = await call('operators.remove', { name })
        const view = `deleted ${name}, ${endedSessions(ended)}`
        return { data: { name, ended, stored }, view, ...unlessStored({ stored }) }
      },
  }),
  passwdoperator: verb({
    arguments: 'NAME',
    takes: ['operator'],
    role: 'admin',
    logged: true,
    flags: passwordFlags,
    form: 'New password of operator ',
    summary: "change an operator's password; prints it, once",
    hints: unknownOperator,
    prepare: ([name], flags) =>
      givePassword(
        name,
        flags,
        ({ ended }: Ended) => `changed the password of ${name}, ${endedSessions(ended)}`,
        ({ call }, password) => call('operators.setPassword', { name, password }),
      ),
  }),
  role: verb({
    arguments: 'NAME ROLE',
    takes: ['operator', 'role'],
    role: 'admin',
    logged: true,
    flags: {
      was: { value: 'ROLE', choices: operatorRoles, summary: 'only if the operator is this until now' },
    },
    summary: 'let an operator be viewer, operator or admin',
    hints: unknownOperator,
    prepare: ([name, text], flags) => {
      const role = oneOf(operatorRoles, text, 'ROLE')
      const was = flags.get('was')
      const expected = was === undefined ? undefined : oneOf(operatorRoles, was, '--was')
      return async (context) => {
        if (expected !== undefined) await expectRole(name, expected, context)
        const { ended, stored } = await context.call('operators.setRole', { name, role })
        return {
          data: { name, role, ended, stored },
          view: `${name} is ${role} now, ${endedSessions(ended)}`,
          ...(expected !== undefined && { undo: { verb: 'role', values: [name, expected], flags: { was: role } } }),
          ...unlessStored({ stored }),
        }
      }
    },
  }),
}

interface Ended {
  readonly ended: number
}

function endedSessions(count: number): string {
  return `ended ${counted(count, 'session')}`
}

/** Rejects with `conflict` if an operator's role is another one. */
async function expectRole(name: string, expected: Operator['role'], { call }: Context): Promise<void> {
  const { operators } = await call('operators.list', {})
  const operator = operators.find((each) => each.name === name)
  if (!operator) throw new RpcError('not_found', `no operator ${name}`)
  if (operator.role !== expected)
    throw new RpcError('conflict', `somebody else was faster: ${name} is ${operator.role} by now`)
}

function tableOf(operators: readonly Operator[]): Table {
  return {
    heading: ['NAME', 'ROLE', 'SESSIONS', 'CREATED'],
    right: [2],
    rows: operators.map(({ name, role, sessions, created }) => [name, role, String(sessions), formatTime(created)]),
  }
}
