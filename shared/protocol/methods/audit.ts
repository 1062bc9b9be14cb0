import * as z from 'zod'
import { keptTextRules } from '../text-rules.ts'
import { roles } from '../vocabulary.ts'
import { count, done, type EventShape, type MethodShape, next, nothing, numberedPage, textBy, time } from './shape.ts'

/** Values by name. */
const facts = z.record(z.string(), z.unknown())

/** What an operator did or was refused. */
export const auditEntry = z.object({
  id: count.describe('grows with each entry'),
  time,
  by: z
    .string()
    .nullable()
    .describe('the operator; `local` is whoever could open the Unix socket or read the cookie; null: nobody logged in'),
  role: z.enum(roles).describe('what they were'),
  from: z.string().describe('`unix`, or `tcp` or `tls` and the address'),
  node: z.string().optional().describe('of a fleet, where it was done or refused'),
  action: z
    .string()
    .describe('the method, or `login`; `audit.lost`: `count` entries before this one could not be kept'),
  given: facts.describe('what it was about, secrets left out, long values cut'),
  before: facts.optional().describe('what was so before, of what it changed'),
  after: facts.optional().describe('what came of it'),
  outcome: z.string().describe('`ok`, or the kind of error'),
  count: count.describe(
    'how many like it this one stands for: failures of one kind are one entry a minute, and so is what an operator, but for admins, does beyond 60 in it',
  ),
})
export type AuditEntry = z.infer<typeof auditEntry>

export const auditMethods = {
  'audit.list': {
    role: 'admin',
    summary:
      'List what operators did and were refused, the newest first, a page at a time. It is kept for 400 days, 64 MiB at most.',
    refuses: ['unavailable'],
    params: numberedPage.extend({
      since: time.optional().describe('from then on'),
      until: time.optional().describe('before then'),
      by: textBy(keptTextRules).max(64).optional().describe('by this operator'),
      action: textBy(keptTextRules)
        .max(64)
        .optional()
        .describe('this method, or all that begin with this word: `users`'),
    }),
    result: z.object({ entries: z.array(auditEntry).max(500), next }),
  },
  'audit.subscribe': {
    role: 'admin',
    summary: 'Follow what operators do and are refused; the reply carries the last `history` entries, oldest first.',
    refuses: ['unavailable'],
    params: z.strictObject({ history: z.int().min(0).max(500).optional().describe('0 unless told') }),
    result: z.object({ entries: z.array(auditEntry).max(500) }),
  },
  'audit.unsubscribe': {
    role: 'admin',
    summary: 'Stop following what operators do.',
    refuses: [],
    params: nothing,
    result: done,
  },
} satisfies Record<string, MethodShape>

export const auditEvents = {
  'audit.entries': {
    summary:
      'What operators did, oldest first, once it is kept. `missed` counts the entries before these of which nothing is told, since ' +
      'this client was slow.',
    params: z.object({ entries: z.array(auditEntry).max(500), missed: count }),
  },
} satisfies Record<string, EventShape>
