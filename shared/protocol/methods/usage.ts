import * as z from 'zod'
import { usageKinds } from '../vocabulary.ts'
import { count, type MethodShape, next, numberedPage, time } from './shape.ts'

/** What usage is added up by. */
/** What was used in a span of time, or by somebody. */
const usageRow = z.object({
  start: time.optional().describe('when the hour or day begins, in UTC; only `by` them'),
  user: z
    .string()
    .nullable()
    .optional()
    .describe(
      'only `by` users; null: clients without login, or, with `gone`, users who are no more or were never stored',
    ),
  gone: z.boolean().optional().describe('see `user`'),
  group: z.string().nullable().optional().describe('only `by` groups; null: whoever is in none'),
  up: count.describe('bytes from clients'),
  down: count.describe('bytes to clients'),
  connections: count.describe('that have ended'),
})
export type UsageRow = z.infer<typeof usageRow>

export const usageMethods = {
  'usage.list': {
    role: 'operator',
    summary:
      'Tell what was used, over all starts of the daemon: by time from the oldest on, by users or groups from the one that moved ' +
      'most on. It is kept by the hour for 31 days, by the day for 400, and up to ten seconds old.',
    refuses: ['not_found', 'unavailable'],
    params: numberedPage.extend({
      by: z.enum(usageKinds),
      user: z
        .string()
        .max(255)
        .nullable()
        .optional()
        .describe('of this user; null: of clients without login; absent: of everybody'),
      since: time.optional().describe('hours or days that begin from then on; a day ago unless told'),
      until: time.optional().describe('those that begin before then'),
    }),
    result: z.object({ usage: z.array(usageRow).max(500), next }),
  },
} satisfies Record<string, MethodShape>
