import * as z from 'zod'
import { count, type MethodShape, nothing, operatorRole, time } from './shape.ts'

/** A connection of an operator. */
const managementSession = z.object({
  id: count.describe("never given twice until the daemon's end"),
  name: z.string().describe('`local` is whoever could open the Unix socket or read the cookie'),
  role: operatorRole,
  via: z.enum(['unix', 'tcp', 'tls']),
  address: z.string(),
  since: time,
  follows: z.array(z.string()).describe('what it has subscribed to'),
  own: z.boolean().describe('whether it is the one that asks'),
})
export type ManagementSession = z.infer<typeof managementSession>

export const managementSessionMethods = {
  'sessions.list': {
    role: 'admin',
    summary: 'List who is logged in to manage the daemon now, the oldest first.',
    refuses: [],
    params: nothing,
    result: z.object({ sessions: z.array(managementSession).max(500) }),
  },
  'sessions.cut': {
    role: 'admin',
    summary: 'End a management connection; whoever has the password may come back.',
    refuses: ['not_found'],
    logged: ['id'],
    params: z.strictObject({ id: count }),
    result: z.object({ name: z.string() }),
  },
} satisfies Record<string, MethodShape>
