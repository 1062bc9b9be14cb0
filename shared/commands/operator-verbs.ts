import { formatTime } from '../format/time.ts'
import type { Operator } from '../protocol/methods.ts'
import { oneOf } from './one-of.ts'
import { givePassword, passwordFlags } from './password-flags.ts'
import { type Table, verb } from './verb.ts'

/** What an operator may be, weakest first. */
export const operatorRoles = ['viewer', 'operator', 'admin'] as const satisfies readonly Operator['role'][]

const unknownOperator = { not_found: "list the operators with 'operators'" }

export const operatorVerbs = {
  operators: verb({
    arguments: '',
    role: 'admin',
    summary: 'list who may log in to manage the daemon, and their roles',
    prepare:
      () =>
      async ({ call }) => {
        const { operators } = await call('operators.list', {})
        return { data: operators, view: tableOf(operators) }
      },
  }),
  addoperator: verb({
    arguments: 'NAME',
    role: 'admin',
    flags: {
      role: { value: 'ROLE', choices: operatorRoles, summary: 'viewer (the default), operator or admin' },
      ...passwordFlags,
    },
    summary: 'add an operator; prints the password it makes, once',
    hints: { exists: "change the password with 'passwdoperator', the role with 'role'" },
    prepare: ([name], flags) => {
      const role = oneOf(operatorRoles, flags.get('role') ?? 'viewer', 'ROLE')
      return givePassword(name, flags, `added ${role} ${name}`, async ({ call }, password) => {
        await call('operators.add', { name, role, password })
        return { role }
      })
    },
  }),
  deloperator: verb({
    arguments: 'NAME',
    takes: ['operator'],
    role: 'admin',
    destroys: true,
    summary: 'delete an operator and end their sessions',
    hints: unknownOperator,
    prepare:
      ([name]) =>
      async ({ call }) => {
        const { ended } = await call('operators.remove', { name })
        return { data: { name, ended }, view: `deleted ${name}, ${endedSessions(ended)}` }
      },
  }),
  passwdoperator: verb({
    arguments: 'NAME',
    takes: ['operator'],
    role: 'admin',
    flags: passwordFlags,
    summary: "change an operator's password; prints it, once",
    hints: unknownOperator,
    prepare: ([name], flags) =>
      givePassword(name, flags, `changed the password of ${name}`, ({ call }, password) =>
        call('operators.setPassword', { name, password }),
      ),
  }),
  role: verb({
    arguments: 'NAME ROLE',
    takes: ['operator', 'role'],
    role: 'admin',
    summary: 'let an operator be viewer, operator or admin',
    hints: unknownOperator,
    prepare: ([name, text]) => {
      const role = oneOf(operatorRoles, text, 'ROLE')
      return async ({ call }) => {
        const { ended } = await call('operators.setRole', { name, role })
        return { data: { name, role, ended }, view: `${name} is ${role} now, ${endedSessions(ended)}` }
      }
    },
  }),
}

function endedSessions(count: number): string {
  return `ended ${count} session${count === 1 ? '' : 's'}`
}

function tableOf(operators: readonly Operator[]): Table {
  return {
    heading: ['NAME', 'ROLE', 'SESSIONS', 'CREATED'],
    right: [2],
    rows: operators.map(({ name, role, sessions, created }) => [name, role, String(sessions), formatTime(created)]),
  }
}
