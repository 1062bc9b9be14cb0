import * as z from 'zod'
import { newUserNameRules, userNameRules, userPasswordRules } from '../text-rules.ts'
import { effectiveLimits, ifRevision, limitChanges, ownLimits, revision } from './limit-fields.ts'
import {
  bytes,
  count,
  done,
  type EventShape,
  type MethodShape,
  next,
  nothing,
  page,
  stored,
  textBy,
  time,
} from './shape.ts'

/** A SOCKS user's name. */
export const userName = textBy(userNameRules).describe('at most 255 bytes of UTF-8, no control characters')

/** The name of a user who is new. */
const newUserName = textBy(newUserNameRules).describe(
  'at most 255 bytes of UTF-8, no control characters, nothing that cannot be seen, no space at either end, in NFC',
)

/** A SOCKS user's password. */
export const password = textBy(userPasswordRules).describe('at most 255 bytes of UTF-8')

export const user = z.object({
  name: z.string(),
  enabled: z.boolean(),
  stored: z.boolean().describe('false for a user given with `--user`, who lasts as long as the daemon'),
  created: time,
  connections: count.describe('live ones'),
  up: bytes.describe("bytes from their clients since the daemon's start"),
  down: bytes.describe("bytes to their clients since the daemon's start"),
  group: z.string().describe("whose limits hold where they have none of their own; `default` is everybody's"),
  limits: ownLimits.describe('their own'),
  effective: effectiveLimits.describe('the limits in force, and whose they are'),
  revision,
  use: z.object({
    sources: count.describe('addresses (of IPv6, networks of 64 bits) that they come from, or did in the last minute'),
    used: z.number().min(0).describe('bytes both ways in this cycle of their quota'),
    refused: count.describe("connections refused by a limit since the daemon's start"),
    cycleEnds: time.nullable().describe('when the quota begins anew; null: never, or there is none'),
    expires: time.nullable().describe('when they may not come any more; null: never, or not before their first use'),
    ended: z
      .enum(['quota', 'slowed', 'expired'])
      .nullable()
      .describe(
        '`quota`: used up; `slowed`: used up, they go on with the rate of `over`; `expired`: their time is over',
      ),
  }),
})
export type User = z.infer<typeof user>

/** Users by name, or by what they are. */
const someUsers = {
  names: z.array(userName).min(1).max(500).optional().describe('either these users'),
  where: z
    .string()
    .max(1000)
    .optional()
    .describe(
      'or all of whom each word `FIELD=VALUE` is true: `name`, `group`, `enabled`, `stored` or a limit in force, with `*` for any ' +
        'characters; `FIELD!=VALUE` for all others',
    ),
}

export const userMethods = {
  'users.list': {
    role: 'operator',
    summary: 'List users by name, a page at a time.',
    refuses: [],
    params: page,
    result: z.object({
      users: z.array(user),
      next,
    }),
  },
  'users.subscribe': {
    role: 'operator',
    summary: 'Follow the users: a snapshot in pages, by name, then what changed, as events.',
    refuses: [],
    params: nothing,
    result: done,
  },
  'users.unsubscribe': {
    role: 'operator',
    summary: 'Stop following the users.',
    refuses: [],
    params: nothing,
    result: done,
  },
  'users.add': {
    role: 'admin',
    summary: 'Add a user, who can log in at once.',
    refuses: ['exists', 'conflict', 'unavailable'],
    logged: ['name'],
    params: z.strictObject({ name: newUserName, password }),
    result: done,
  },
  'users.remove': {
    role: 'admin',
    summary: 'Remove a user and cut the connections that are theirs.',
    refuses: ['not_found'],
    logged: ['name'],
    params: z.strictObject({ name: userName }),
    result: z.object({
      cut: count.describe('connections'),
      opened: z.boolean().describe('whether clients had to log in and from now on need not: no user is left'),
      stored,
    }),
  },
  'users.restore': {
    role: 'admin',
    summary:
      'Have a user come back who was removed, with the password, limits and group that they had. What they had used does not ' +
      'count any longer. The daemon remembers the last 100 who were removed, for an hour, and not over a restart.',
    refuses: ['not_found', 'exists', 'conflict', 'unavailable'],
    logged: ['name'],
    params: z.strictObject({ name: userName }),
    result: done,
  },
  'users.setPassword': {
    role: 'admin',
    summary: 'Change a password; it counts from the next login on, and live connections stay: `users.cut` ends them.',
    refuses: ['not_found'],
    logged: ['name'],
    params: z.strictObject({ name: userName, password }),
    result: z.object({ stored }),
  },
  'users.setEnabled': {
    role: 'operator',
    summary: 'Let a user in again, or keep them out and cut the connections that are theirs.',
    refuses: ['not_found', 'unavailable'],
    logged: ['name', 'enabled'],
    params: z.strictObject({ name: userName, enabled: z.boolean() }),
    result: z.object({ cut: count, stored }),
  },
  'users.cut': {
    role: 'operator',
    summary: "Cut a user's connections, in a fleet those on all nodes; they may come back at once.",
    refuses: ['not_found'],
    logged: ['name'],
    params: z.strictObject({ name: userName }),
    result: z.object({
      cut: count.describe('connections'),
      silent: z
        .array(z.string())
        .optional()
        .describe('nodes of the fleet that have not answered within five seconds; absent: none'),
    }),
  },
  'users.set': {
    role: 'admin',
    summary:
      'Change limits of users, of all or of none, now and for later starts. Live connections obey rates, `quota`, `expires` and ' +
      '`sources` at once; `max-connections`, `max-sources` and `egress` are about new ones, and live ones stay: `users.cut` ends ' +
      'them. A span of `expires` counts from this change on, or, with `starts` as `first-use`, from the first connection after it.',
    refuses: ['not_found', 'conflict', 'unavailable'],
    logged: ['names', 'where', 'fields'],
    params: z.strictObject({ ...someUsers, fields: limitChanges, ifRevision }),
    result: z.object({
      changed: count.describe('users whose limits differ from before'),
      revision,
      stored,
      before: ownLimits.optional().describe('of one user by name: what the fields were, those that were not left out'),
      after: effectiveLimits
        .optional()
        .describe(
          'of one user by name: of those fields, what is in force now, and whose it is; without what nobody says',
        ),
    }),
  },
  'users.resetQuota': {
    role: 'admin',
    summary: 'Let the quota of users begin anew now.',
    refuses: ['not_found'],
    logged: ['names', 'where'],
    params: z.strictObject(someUsers),
    result: z.object({ reset: count.describe('users') }),
  },
} satisfies Record<string, MethodShape>

export const userEvents = {
  'users.snapshot': {
    summary: 'A page of the users there are when the subscription begins, by name; `last` ends the snapshot.',
    params: z.object({ seq: count, users: z.array(user).max(500), last: z.boolean() }),
  },
  'users.changed': {
    summary:
      "What changed since the event before, at most twice a second. `seq` counts a subscription's events, snapshot and " +
      'resync among them; after a gap, subscribe again. `changed` has whole rows, `moved` new numbers as ' +
      '[name, connections, up, down, sources, used, refused], `removed` names of users who are gone.',
    params: z.object({
      seq: count,
      changed: z.array(user).max(500),
      moved: z.array(z.tuple([z.string(), count, bytes, bytes, count, z.number().min(0), count])).max(500),
      removed: z.array(z.string()).max(500),
    }),
  },
  'users.resync': {
    summary: 'This client was too slow; forget the users, a fresh snapshot follows.',
    params: z.object({ seq: count }),
  },
} satisfies Record<string, EventShape>
