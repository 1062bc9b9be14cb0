import * as z from 'zod'
import { ranges } from '../vocabulary.ts'
import { bytes, count, done, type EventShape, type MethodShape, milliseconds, nothing, time } from './shape.ts'

/** How far back graphs go that are kept in memory. */
/** Bytes a second in each step; null for a time of which nothing is known. */
const rates = z.array(count.nullable())

/** One second of the whole daemon. Counters only grow, so a lost sample loses nothing. */
export const sample = z.object({
  seq: count,
  time,
  up: bytes.describe("bytes from clients since the daemon's start"),
  down: bytes.describe("bytes to clients since the daemon's start"),
  accepted: count.describe('client connections'),
  connected: count.describe('requests that reached their destination'),
  failed: count.describe('sessions that ended before that, whatever the reason'),
  denied: count.describe('of those: a wrong or missing password'),
  connections: count.describe('live ones, now'),
  ended: z
    .record(z.string(), count)
    .describe('sessions that ended, by the reason of `connections.closed`; without those that are 0'),
  users: z
    .array(z.object({ name: z.string().nullable(), connections: count, up: bytes, down: bytes }))
    .describe(
      'the busiest of this second, busiest first, at most ten; `name` null stands for all clients without login. Their ' +
        "bytes, too, count from the daemon's start",
    ),
})
export type Sample = z.infer<typeof sample>

export const metricsMethods = {
  'metrics.subscribe': {
    role: 'viewer',
    summary: 'Follow the metrics, one sample a second; the reply carries the last `history` samples, oldest first.',
    refuses: [],
    params: z.strictObject({
      history: z.int().min(0).max(3600).optional().describe('0 unless told; the daemon keeps 300'),
    }),
    result: z.object({ samples: z.array(sample) }),
  },
  'metrics.unsubscribe': {
    role: 'viewer',
    summary: 'Stop following the metrics.',
    refuses: [],
    params: nothing,
    result: done,
  },
  'metrics.history': {
    role: 'viewer',
    summary:
      "Throughput over time, of everybody or of one user, for graphs. Up to a day it is exact since the daemon's start, and " +
      'before that what was moved in each hour; `31d` has hours, `400d` days of UTC.',
    refuses: ['not_found', 'unavailable'],
    params: z.strictObject({
      range: z.enum(ranges).describe('how far back'),
      user: z
        .string()
        .max(255)
        .nullable()
        .optional()
        .describe('of this user; null: of clients without login; absent: of everybody'),
    }),
    result: z.object({
      step: milliseconds.describe('milliseconds that one value stands for'),
      end: time.describe('when the last step ended, or will have'),
      up: rates.describe('bytes a second from clients, oldest first; null for a time of which nothing is known'),
      down: rates.describe('bytes a second to clients, in the same steps'),
    }),
  },
} satisfies Record<string, MethodShape>

export const metricsEvents = {
  'metrics.sample': { summary: 'One sample a second.', params: sample },
} satisfies Record<string, EventShape>
