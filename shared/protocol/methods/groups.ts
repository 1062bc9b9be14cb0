import * as z from 'zod'
import { ifRevision, limitChanges, ownLimits, revision } from './limit-fields.ts'
import { count, done, type MethodShape, next, page, stored } from './shape.ts'

export const group = z.object({
  name: z.string(),
  limits: ownLimits,
  members: count,
  revision,
})
export type Group = z.infer<typeof group>

const groupName = z.string().max(64).describe('letters, digits and `._@-`, a letter or digit first')

export const groupMethods = {
  'groups.list': {
    role: 'operator',
    summary: "List the groups of users by name, `default`, which is everybody's, among them, a page at a time.",
    refuses: [],
    params: page,
    result: z.object({ groups: z.array(group).max(500), next }),
  },
  'groups.add': {
    role: 'admin',
    summary: 'Add a group of users, with the limits that its members have where they have none of their own.',
    refuses: ['exists', 'conflict', 'unavailable'],
    logged: ['name', 'fields'],
    params: z.strictObject({ name: groupName, fields: limitChanges }),
    result: z.object({ revision }),
  },
  'groups.set': {
    role: 'admin',
    summary: "Change a group's limits. Its members' live connections obey as with `users.set`.",
    refuses: ['not_found', 'conflict', 'unavailable'],
    logged: ['name', 'fields'],
    params: z.strictObject({ name: groupName, fields: limitChanges, ifRevision }),
    result: z.object({
      members: count,
      revision,
      stored,
      before: ownLimits.describe('what the fields were, those that were not left out'),
    }),
  },
  'groups.remove': {
    role: 'admin',
    summary: 'Remove a group that has no members; `default` stays.',
    refuses: ['not_found', 'conflict', 'unavailable'],
    logged: ['name'],
    params: z.strictObject({ name: groupName }),
    result: done,
  },
} satisfies Record<string, MethodShape>
