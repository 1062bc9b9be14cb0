import * as z from 'zod'
import { ranges } from '../../../shared/protocol/vocabulary.ts'
import { drawings } from '../chart/bars.ts'
import { themeChoices } from '../themes/theme.ts'

/** What cannot be read says nothing: a newer app may have written it. */
export const listShape = z.object({
  sort: z.object({ column: z.string(), descending: z.boolean() }).optional().catch(undefined),
  columns: z.array(z.string()).nullable().optional().catch(undefined),
  own: z
    .array(z.object({ name: z.string().max(40), filter: z.string().max(1024) }))
    .max(20)
    .optional()
    .catch(undefined),
})

const shape = z.object({
  theme: z.enum(themeChoices).optional().catch(undefined),
  mouse: z.boolean().optional().catch(undefined),
  rateUnit: z.enum(['bytes', 'bits']).optional().catch(undefined),
  range: z.enum(ranges).optional().catch(undefined),
  logarithmic: z.boolean().optional().catch(undefined),
  shared: z.boolean().optional().catch(undefined),
  drawing: z.enum(drawings).optional().catch(undefined),
  lists: z.record(z.string(), listShape.catch({})).optional().catch(undefined),
})

/** What a person has chosen and wants to find again. What is missing was never chosen. */
export type Preferences = z.infer<typeof shape>

/** The choices in what was saved; null if that is no such thing. */
export function readPreferences(text: string): Preferences | null {
  try {
    return shape.parse(JSON.parse(text))
  } catch {
    return null
  }
}
