import * as z from 'zod'
import { logLevels } from '../vocabulary.ts'
import { count, done, type EventShape, type MethodShape, nothing, time } from './shape.ts'

/** One line of the daemon's log. */
export const logEntry = z.object({
  seq: count.describe('consecutive from 1, whatever the level'),
  time,
  level: z.enum(logLevels),
  message: z.string(),
  audit: z.literal(true).optional().describe('set if it tells what an operator did: such lines are for admins only'),
  fields: z.record(z.string(), z.string()).optional().describe('what else was said'),
})
export type LogEntry = z.infer<typeof logEntry>

export const logMethods = {
  'log.subscribe': {
    role: 'operator',
    summary:
      'Follow the log from this level on; the reply carries the last `history` entries of it, oldest first. What operators did is for admins only.',
    refuses: [],
    params: z.strictObject({
      level: z.enum(logLevels).optional().describe('the mildest that is told; `info` unless told'),
      history: z.int().min(0).max(1000).optional().describe('0 unless told'),
    }),
    result: z.object({ entries: z.array(logEntry) }),
  },
  'log.unsubscribe': {
    role: 'operator',
    summary: 'Stop following the log.',
    refuses: [],
    params: nothing,
    result: done,
  },
} satisfies Record<string, MethodShape>

export const logEvents = {
  'log.entries': {
    summary:
      'New lines of the log. `lost` counts those of this level that were dropped before them, since this client was slow.',
    params: z.object({ entries: z.array(logEntry), lost: count }),
  },
} satisfies Record<string, EventShape>
