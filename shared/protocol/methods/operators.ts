import * as z from 'zod'
import { count, done, type MethodShape, nothing, operatorRole, stored, time } from './shape.ts'

/** A named operator's name: 1 to 64 characters; `__` at the front is the daemon's own. */
const operatorName = z
  .string()
  .max(64, 'must be at most 64 characters')
  .regex(/^[\p{L}\p{N}][\p{L}\p{N}._@-]*$/u, 'must be letters, digits and ._@-, a letter or digit first')
  .describe('letters, digits and `._@-`, a letter or digit first')

export const operator = z.object({
  name: z.string(),
  role: operatorRole,
  created: time,
  sessions: count.describe('management connections that are theirs now'),
})
export type Operator = z.infer<typeof operator>

/** An operator's password: 8 to 255 characters. */
const operatorPassword = z
  .string()
  .min(8, 'must be at least 8 characters')
  .max(255, 'must be at most 255 characters')
  .refine((secret) => secret.isWellFormed(), 'must be well-formed Unicode')

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
    params: z.strictObject({ name: operatorName, role: operatorRole, password: operatorPassword }),
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
