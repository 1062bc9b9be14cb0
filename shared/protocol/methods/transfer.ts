import { z } from 'zod'
import { count, type MethodShape } from './shape.ts'

/** What takes all that is kept elsewhere. */
export const transferMethods = {
  'transfer.backup': {
    role: 'admin',
    summary:
      "Copy the store into a file of the daemon's machine, for its user only. Changes go on meanwhile, and are in it.",
    refuses: ['exists', 'unavailable'],
    logged: ['file'],
    params: z.strictObject({
      file: z
        .string()
        .min(1)
        .max(4096)
        .describe('its path from the root on, in a folder that nobody else can write to; nothing may be there yet'),
    }),
    result: z.object({ bytes: count.describe('length of the file') }),
  },
} satisfies Record<string, MethodShape>
