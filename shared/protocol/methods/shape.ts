import * as z from 'zod'
import type { ErrorKind } from '../errors.ts'
import type { TextRules } from '../text-rules.ts'
import type { Role } from '../vocabulary.ts'

/** What an operator may be. */
export const operatorRole = z.enum(['viewer', 'operator', 'admin'])

/** A method, as its domain's table has it. */
export interface MethodShape {
  role: Role
  summary: string
  /** What it refuses beside what any method may: the wrong time, role or parameters, and a fault of the daemon. */
  refuses: readonly ErrorKind[]
  /**
   * Of a method that changes something or hands out secrets, which is not for a read-only session: those of its parameters,
   * none a secret, that the log tells of, beside who did it.
   */
  logged?: readonly string[]
  params: z.ZodObject
  result: z.ZodObject
}

/** What the daemon sends unasked. */
export interface EventShape {
  summary: string
  params: z.ZodObject
}

export const bytes = z.int().min(0).describe("bytes since the daemon's start")
/** The last moment that a `Date` can be: what is later would end whoever makes one of it. */
export const latest = 8.64e15
export const time = z.number().min(0).max(latest, 'later than any date').describe('milliseconds since 1970')
export const count = z.int().min(0)
export const milliseconds = z.number().min(0).describe('milliseconds')

export const page = z.strictObject({
  cursor: z.string().optional().describe('`next` of the page before'),
  limit: z.int().min(1).max(500).optional().describe('rows in the page, 500 unless told'),
})
/** Of a list whose cursors are numbers. */
export const numberedPage = page.extend({
  cursor: z
    .string()
    .regex(/^\d{1,15}$/, 'no such cursor')
    .optional()
    .describe('`next` of the page before'),
})
export const next = z.string().optional().describe('the `cursor` of the next page; absent on the last')

export const nothing = z.strictObject({})
export const done = z.object({})
export const stored = z
  .boolean()
  .describe('false if the store did not take it: it acts, the daemon tries again, and until then a restart undoes it')

/** A text that keeps to rules. */
export function textBy({ min, max, patterns = [], more = [] }: TextRules): z.ZodString {
  let schema = z.string()
  if (min) schema = schema.min(...min)
  if (max) schema = schema.max(...max)
  for (const [pattern, otherwise] of patterns) schema = schema.regex(pattern, otherwise)
  for (const [holds, otherwise] of more) schema = schema.refine(holds, otherwise)
  return schema
}
