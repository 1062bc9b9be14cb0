import * as z from 'zod'
import { accessEvents, commands, protocols } from '../vocabulary.ts'
import { commandTexts, endReason, triedName } from './connections.ts'
import { count, done, type EventShape, type MethodShape, milliseconds, next, nothing, page, time } from './shape.ts'

/** What a request came to. */
const accessResults = ['ok', 'refused', 'failed'] as const

/** One entry of the access log. */
export const accessEntry = z.object({
  ts: time.describe(
    'when it happened, in milliseconds since 1970; lines of the log have it as `2026-01-31T23:59:00.000Z`',
  ),
  event: z
    .enum(accessEvents)
    .describe('`end`: it is over; `start`: it has reached its destination; `alive`: it goes on'),
  id: z.string().describe("the connection's"),
  user: z.string().nullable().describe('null without a login'),
  tried: triedName,
  source: z
    .string()
    .nullable()
    .describe("the client's `address:port`, or its network, or null, as `access-log-mask` says"),
  cmd: z.enum(commands).nullable().describe(`what the client asked for; null if it never did. ${commandTexts}`),
  protocol: z
    .enum(protocols)
    .optional()
    .describe('what the client spoke; absent if that was never known, and of a forward'),
  name: z
    .string()
    .nullable()
    .describe('the name that it asked for; null for an address, or if `access-log-names` is `off`'),
  address: z
    .string()
    .nullable()
    .describe(
      'the address that was asked for, even if it was refused, or, of a name, dialled, or whose connection a `bind` took; null: ' +
        'none was',
    ),
  port: count.nullable().describe("the destination's; null if none was asked for"),
  up: count.describe('bytes from the client, so far'),
  down: count.describe('bytes to the client, so far'),
  duration: milliseconds.describe('milliseconds since the client came'),
  connect_ms: milliseconds
    .nullable()
    .describe('milliseconds from the request to its destination; null: it was not reached'),
  result: z
    .enum(accessResults)
    .describe('`ok`: the destination was reached; `refused`: proxyd did not want to; `failed`: it could not be'),
  reason: endReason.nullable().describe('null unless it is over'),
  rule: count.optional().describe('the `id` of the rule that decided about it; absent: none did'),
  paced_ms: milliseconds.optional().describe('milliseconds for which it waited for a rate; absent: 0'),
  loop: count.describe('which of the loops had it, from 0'),
})
export type AccessEntry = z.infer<typeof accessEntry>

const filter = z
  .string()
  .max(1000)
  .optional()
  .describe(
    'words that an entry must match, all of them: `user:bob`, `dst:*.example.com`, `src:10.0.0.0/8`, `bytes>1M`, `!result:ok` ' +
      'or a text that is anywhere in it; no regular expressions, 32 words at most',
  )

export const accessMethods = {
  'access.list': {
    role: 'operator',
    summary:
      'List the access log, newest first, a page at a time: from its files, or, where there are none, what the daemon remembers ' +
      'of connections that have ended. A page may have fewer rows than asked for, even none, and not be the last.',
    refuses: ['unavailable'],
    params: page.extend({
      filter,
      since: time.optional().describe('none from before that moment, in milliseconds since 1970'),
    }),
    result: z.object({ entries: z.array(accessEntry).max(500), next }),
  },
  'access.subscribe': {
    role: 'operator',
    summary:
      'Follow the access log, whether it is written to a file or not; the reply carries the last `history` entries, oldest first.',
    refuses: ['unavailable'],
    params: z.strictObject({ filter, history: z.int().min(0).max(500).optional().describe('0 unless told') }),
    result: z.object({ entries: z.array(accessEntry).max(500) }),
  },
  'access.unsubscribe': {
    role: 'operator',
    summary: 'Stop following the access log.',
    refuses: [],
    params: nothing,
    result: done,
  },
} satisfies Record<string, MethodShape>

export const accessLogEvents = {
  'access.entries': {
    summary:
      'New entries of the access log, oldest first. `missed` counts those before them that this client was too slow for, or that ' +
      'came faster than the daemon could tell of them.',
    params: z.object({ entries: z.array(accessEntry).max(500), missed: count }),
  },
} satisfies Record<string, EventShape>
