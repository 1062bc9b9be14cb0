import * as z from 'zod'
import { eventKindMeanings, eventKinds } from '../../event-kinds.ts'
import { logLevels } from '../vocabulary.ts'
import { endReason } from './connections.ts'
import { count, done, type EventShape, type MethodShape, nothing, time } from './shape.ts'

/** Something that happened. */
export const eventEntry = z.object({
  id: z.string().describe('tells it from all others; of an event about a connection, it begins with the id of that'),
  time,
  kind: z.enum(eventKinds).describe(`${eventKindMeanings}. What operators did is for admins only`),
  level: z.enum(logLevels).describe('how grave it is: `info`, `warn` or `error`'),
  text: z.string().describe('what happened, for people'),
  user: z
    .string()
    .nullable()
    .describe('the user that it was about, or whose name was tried, or the operator; null: none, or nobody knows'),
  source: z.string().nullable().describe('the address that it came from, or the network that was banned; null: none'),
  destination: z.string().optional().describe('`name-or-address:port` that a client asked for; absent: none'),
  reason: endReason.optional().describe('why a connection ended; absent: it was about none'),
  count: count.describe('how many like it this one stands for: of connections, those of half a second'),
})
export type EventEntry = z.infer<typeof eventEntry>

const filter = z
  .string()
  .max(1000)
  .optional()
  .describe(
    'words that an event must match, all of them: `kind:login_failed`, `level:warn`, `user:bob`, `src:10.0.0.0/8`, `dst:*.example.com`, ' +
      '`!kind:log` or a text that is anywhere in it; no regular expressions, 32 words at most',
  )

export const eventMethods = {
  'events.list': {
    role: 'operator',
    summary:
      'List what happened lately, the newest last: failed logins, clients that were refused, limits, bans, logins and changes of ' +
      'operators, warnings. Of connections, what the access log knows; of the rest, the last 1,000 since the start of the daemon.',
    refuses: ['unavailable'],
    params: z.strictObject({
      filter,
      since: time.optional().describe('none from before that moment, in milliseconds since 1970'),
      limit: z.int().min(1).max(500).optional().describe('so many, the newest; 500 unless told'),
    }),
    result: z.object({ events: z.array(eventEntry).max(500) }),
  },
  'events.subscribe': {
    role: 'operator',
    summary: 'Follow what happens; the reply carries the last `history` events, oldest first.',
    refuses: ['unavailable'],
    params: z.strictObject({ filter, history: z.int().min(0).max(500).optional().describe('0 unless told') }),
    result: z.object({ events: z.array(eventEntry).max(500) }),
  },
  'events.unsubscribe': {
    role: 'operator',
    summary: 'Stop following what happens.',
    refuses: [],
    params: nothing,
    result: done,
  },
} satisfies Record<string, MethodShape>

export const eventEvents = {
  'events.entries': {
    summary:
      'What happened, oldest first, at most twice a second. `missed` counts the events before these of which nothing is told, since ' +
      'this client was slow, or more happened at once than anybody reads.',
    params: z.object({ events: z.array(eventEntry).max(500), missed: count }),
  },
} satisfies Record<string, EventShape>
