import * as z from 'zod'
import { keptTextRules } from '../text-rules.ts'
import { limitChanges, ownLimits } from './limit-fields.ts'
import { count, type MethodShape, next, page, textBy } from './shape.ts'
import { password, userName } from './users.ts'

/** More is not counted exactly, once some is added. */
const bytes = z
  .int()
  .min(0)
  .max(2 ** 50)
/** As far as a Date reaches. */
const moment = z.int().min(0).max(8.64e15).describe('milliseconds since 1970')

/** What a user has moved, and had when the present cycle of their quota began. */
const kept = z
  .strictObject({
    up: bytes,
    down: bytes,
    mark: bytes.describe('of both together, when the cycle began'),
    marked: moment.describe('when it did; 0: never'),
  })
  .describe('bytes of all runs of the daemon')

const firstUsed = moment.nullable().describe('when a span of `expires` that waits for the first use began')
const hash = z
  .string()
  .max(512)
  .describe(
    'of the password: `$scrypt-sha256$ln=14,r=8,p=1$SALT$KEY`; or, until the user logs in for the first time, by crypt(5) `$5$`, ' +
      '`$6$` (at most 100,000 rounds), `$2a$`, `$2b$` or `$2y$` (a cost of at most 12)',
  )

/** A user with all that is kept of them. */
export const keptUser = z.object({
  name: z.string(),
  hash,
  enabled: z.boolean(),
  created: moment,
  limits: ownLimits.optional().describe('absent: none'),
  firstUsed: firstUsed.optional(),
  used: kept.optional().describe('absent: nothing'),
})
export type KeptUser = z.infer<typeof keptUser>

const importedUser = z.strictObject({
  name: userName,
  hash: hash.optional(),
  password: password.optional().describe('in place of `hash`; of a user who is new, one of them is needed'),
  enabled: z.boolean().optional(),
  created: moment.optional(),
  limits: limitChanges.optional().describe('all that are their own'),
  firstUsed: firstUsed.optional(),
  used: kept.optional().describe('counts for a user who is new; of others, the daemon has counted itself'),
})

const importedGroup = z.strictObject({ name: z.string().max(64), limits: limitChanges.describe('all that it has') })

const changed = z.object({
  of: z.enum(['group', 'user']),
  name: z.string(),
  isNew: z.boolean(),
  fields: z
    .record(z.string(), z.object({ before: z.unknown().optional(), after: z.unknown().optional() }))
    .describe('what is not as before, if it is not new; of a password neither is told'),
})
export type ImportChange = z.infer<typeof changed>

/** What takes all that is kept elsewhere, and brings it here. */
export const transferMethods = {
  'transfer.backup': {
    role: 'admin',
    summary:
      "Copy the store into a file of the daemon's machine, for its user only. Changes go on meanwhile, and are in it.",
    refuses: ['exists', 'unavailable'],
    logged: ['file'],
    params: z.strictObject({
      file: textBy(keptTextRules)
        .min(1)
        .max(4096)
        .describe('its path from the root on, in a folder that nobody else can write to; nothing may be there yet'),
    }),
    result: z.object({ bytes: count.describe('length of the file') }),
  },
  'transfer.export': {
    role: 'admin',
    summary:
      'List lasting users with all that is kept of them, hashes of passwords included, by name, a page at a time.',
    refuses: ['conflict', 'unavailable'],
    logged: ['cursor'],
    params: page,
    result: z.object({ users: z.array(keptUser), next }),
  },
  'transfer.import': {
    role: 'admin',
    summary:
      'Add users and groups, or change those that there are: all of one call, or none. Nobody is removed. Those who are disabled by it ' +
      'are cut; all others stay, and obey new limits at once. `dryRun` tells the difference.',
    refuses: ['conflict', 'unavailable'],
    logged: [],
    params: z.strictObject({
      groups: z.array(importedGroup).max(100).optional().describe('none unless told'),
      users: z.array(importedUser).max(100).optional().describe('none unless told; they may be in those groups'),
      expected: z
        .array(z.string().max(64))
        .max(1000)
        .optional()
        .describe('of a dry run: groups that will be there before these users are'),
      ahead: z
        .strictObject({ groups: count, users: count })
        .optional()
        .describe('of a dry run: how many new ones will be there before these are, and take room'),
      dryRun: z.boolean().optional().describe('only tells what would come of it'),
    }),
    result: z.object({
      changes: z.array(changed).max(200).describe('without those who are so already; as many as fit into a line'),
      cut: count.describe('connections'),
    }),
  },
} satisfies Record<string, MethodShape>
