import * as z from 'zod'
import { newOperatorNameRules, operatorNameRules, operatorPasswordRules } from '../text-rules.ts'
import { count, done, type MethodShape, nothing, operatorRole, stored, textBy, time } from './shape.ts'

const operatorName = textBy(operatorNameRules).describe('letters, digits and `._@-`, a letter or digit first')

/** The name of an operator who is new. */
const newOperatorName = textBy(newOperatorNameRules).describe(
  'letters, digits and `._@-`, a letter or digit first; nothing that cannot be seen, in NFC',
)

export const operator = z.object({
  name: z.string(),
  role: operatorRole,
  created: time,
  sessions: count.describe('management connections that are theirs now'),
})
export type Operator = z.infer<typeof operator>

const operatorPassword = textBy(operatorPasswordRules)

const ended = z.object({
  ended: count.describe('management connections that were ended'),
  stored,
})

export const operatorMethods = {
  'operators.list': {
    role: 'admin',
    summary: 'List the named operators, by name.',
    refuses: [],
    params: nothing,
    result: z.object({ operators: z.array(operator).max(500) }),
  },
  'operators.add': {
    role: 'admin',
    summary: 'Add a named operator, who can log in at once. Only what SCRAM needs of the password is kept.',
    refuses: ['exists', 'conflict', 'unavailable'],
    logged: ['name', 'role'],
    params: z.strictObject({ name: newOperatorName, role: operatorRole, password: operatorPassword }),
    result: done,
  },
  'operators.remove': {
    role: 'admin',
    summary: 'Remove an operator and end their management connections.',
    refuses: ['not_found'],
    logged: ['name'],
    params: z.strictObject({ name: operatorName }),
    result: ended,
  },
  'operators.setPassword': {
    role: 'admin',
    summary: "Change an operator's password and end their management connections, but not this one.",
    refuses: ['not_found'],
    logged: ['name'],
    params: z.strictObject({ name: operatorName, password: operatorPassword }),
    result: ended,
  },
  'operators.setRole': {
    role: 'admin',
    summary: "Change an operator's role and end their management connections, but not this one.",
    refuses: ['not_found', 'unavailable'],
    logged: ['name', 'role'],
    params: z.strictObject({ name: operatorName, role: operatorRole }),
    result: ended,
  },
} satisfies Record<string, MethodShape>
