import * as z from 'zod'
import { count } from './shape.ts'

/** As `shared/limits.ts` has them, by the field's name; null is `none`. */
const limitValue = z.union([z.string(), z.number(), z.array(z.string())]).nullable()

export const ownLimits = z.record(z.string(), limitValue)

/** The limits in force, and whose they are. */
export const effectiveLimits = z.record(
  z.string(),
  z.object({ value: limitValue, from: z.enum(['user', 'group', 'default']) }),
)

/** What a change gives them: also as people write it, the empty text for what the group has. */
export const limitChanges = z
  .record(
    z.string().max(64),
    z.union([z.string().max(1024), z.number(), z.array(z.string().max(256)).max(64)]).nullable(),
  )
  .describe('by field; `null` is no limit, whatever the group says, and the empty text what the group says')

export const revision = count.describe('of the last change to its limits; it only grows')

export const ifRevision = count
  .optional()
  .describe('refuse with `conflict` what was changed after this revision, the highest that the caller has seen')
