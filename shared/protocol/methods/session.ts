import * as z from 'zod'
import { roles } from '../vocabulary.ts'
import { count, type EventShape, type MethodShape, nothing, operatorRole, time } from './shape.ts'

/** Absent where it is not so. */
const readOnly = z.literal(true)

export const sessionMethods = {
  'session.start': {
    role: 'anyone',
    summary: 'Agree on the protocol version; the first call on a connection.',
    refuses: ['conflict', 'unsupported_version'],
    params: z.strictObject({
      protocol: z.tuple([count, count]).describe('major and minor version that the client speaks'),
      client: z.string().max(64).describe('what the client is, in its own words'),
    }),
    result: z.object({ protocol: z.tuple([count, count]) }),
  },
  'auth.begin': {
    role: 'anyone',
    summary: 'Begin a login: the client-first message of RFC 5802.',
    refuses: ['auth_failed', 'rate_limited', 'conflict'],
    params: z.strictObject({
      mechanism: z.literal('SCRAM-SHA-256').describe('one of `auth` in the greeting'),
      message: z.string().max(2048),
    }),
    result: z.object({ message: z.string() }),
  },
  'auth.finish': {
    role: 'anyone',
    summary:
      'Finish a login: the client-final message of RFC 5802. The reply proves that the daemon knows the secret too.',
    refuses: ['auth_failed', 'conflict'],
    params: z.strictObject({ message: z.string().max(2048) }),
    result: z.object({ message: z.string(), role: z.enum(roles) }),
  },
  'session.whoami': {
    role: 'viewer',
    summary: 'Tell who this connection is logged in as, and how.',
    refuses: [],
    params: nothing,
    result: z.object({
      name: z.string(),
      role: z.enum(roles),
      via: z.enum(['unix', 'tcp', 'tls']),
      readOnly: readOnly.optional(),
      generation: z.int().optional().describe('as in `status.get`, of a daemon that has been upgraded'),
    }),
  },
  'session.drop': {
    role: 'viewer',
    summary: 'Give up rights for the rest of this connection: those beyond a role, those to change anything, or both.',
    refuses: [],
    params: z.strictObject({
      role: operatorRole.optional().describe('from now on it has this role at most'),
      readOnly: readOnly.optional().describe('from now on it may see what its role may, and change nothing'),
    }),
    result: z.object({ role: operatorRole.describe('what it has now'), readOnly: readOnly.optional() }),
  },
  'session.ping': {
    role: 'viewer',
    summary: "Tell the daemon's time, to see that it still answers.",
    refuses: [],
    params: nothing,
    result: z.object({ time }),
  },
} satisfies Record<string, MethodShape>

export const sessionEvents = {
  hello: {
    summary: 'The greeting, sent at once.',
    params: z.object({
      protocol: z.tuple([count, count]),
      instance: z.string().describe('new at each start of the daemon'),
      auth: z.array(z.string()).describe('mechanisms of a login; `auth.begin` names one'),
      capabilities: z.array(z.string()).describe('none yet'),
      limits: z.record(z.string(), z.number()).describe('what the daemon bounds, by name'),
    }),
  },
  goodbye: {
    summary: 'The daemon ends this connection, and why.',
    params: z.object({
      reason: z
        .string()
        .describe(
          "for people: `the daemon ends`; `this operator was removed`, `this operator's password was changed` or `… role was changed`; " +
            '`NAME has ended this connection`; `not logged in in time`; `nothing was asked for a long time, and nothing subscribed to`',
        ),
    }),
  },
} satisfies Record<string, EventShape>
