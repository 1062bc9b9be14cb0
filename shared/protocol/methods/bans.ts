import * as z from 'zod'
import { banReasons, damagedBans, longestBan } from '../vocabulary.ts'
import { count, done, type EventShape, type MethodShape, next, nothing, page, stored, time } from './shape.ts'

/** A source that may not connect. */
export const ban = z.object({
  source: z.string().describe('an IPv4 address, or a network of IPv6 as `address/64` or `address/48`'),
  since: time,
  until: time.nullable().describe('null: until it is lifted'),
  reason: z
    .enum(banReasons)
    .describe(
      '`login`: wrong passwords; `malformed`: what is no request to a proxy; `silent`: hundreds of connections that ask for nothing; `operator`: ' +
        'somebody said so',
    ),
  by: z.string().nullable().describe('the operator who did; null: the daemon'),
})
export type Ban = z.infer<typeof ban>
export type BanReason = Ban['reason']

const banSource = z
  .string()
  .max(64)
  .describe(
    'an address, of which IPv6 stands for the 64-bit network that it is in, or such a network, or one of 48 bits',
  )

export const banMethods = {
  'bans.list': {
    role: 'operator',
    summary: 'List the sources whose connections are reset at once, by address, a page at a time.',
    refuses: [],
    params: page,
    result: z.object({ bans: z.array(ban), next }),
  },
  'bans.subscribe': {
    role: 'operator',
    summary: 'Follow the sources that are kept out: a snapshot in pages, then what changed, as events.',
    refuses: [],
    params: nothing,
    result: done,
  },
  'bans.unsubscribe': {
    role: 'operator',
    summary: 'Stop following them.',
    refuses: [],
    params: nothing,
    result: done,
  },
  'bans.add': {
    role: 'operator',
    summary:
      "Keep a source out, from now on or in place of a ban that there is. Its live connections stay: cut them by 'connections.kill'. Of " +
      '8192 places operators may take three quarters, admins all; earned bans make room for either.',
    refuses: ['conflict'],
    logged: ['source', 'seconds'],
    params: z.strictObject({
      source: banSource,
      seconds: z.int().min(1).max(longestBan).optional().describe('ten years at most; absent: until it is lifted'),
    }),
    result: z.object({ ban, stored }),
  },
  'bans.remove': {
    role: 'operator',
    summary: 'Let a source in again, and forget what it did. Of an address, lift every ban that it is in.',
    refuses: ['not_found'],
    logged: ['source'],
    params: z.strictObject({
      source: banSource.describe(
        `${banSource.description}; or \`${damagedBans}\`: the stored bans that are left out, since it cannot be read whom they are about`,
      ),
    }),
    result: z.object({ lifted: z.array(ban), stored }),
  },
} satisfies Record<string, MethodShape>

export const banEvents = {
  'bans.snapshot': {
    summary: 'A page of the bans there are when the subscription begins, by source; `last` ends the snapshot.',
    params: z.object({ seq: count, bans: z.array(ban).max(500), last: z.boolean() }),
  },
  'bans.changed': {
    summary:
      "What changed since the event before, at most ten times a second. `seq` counts a subscription's events, snapshot and resync " +
      'among them; after a gap, subscribe again. `changed` has whole bans, `removed` sources that are let in again.',
    params: z.object({ seq: count, changed: z.array(ban).max(500), removed: z.array(z.string()).max(500) }),
  },
  'bans.resync': {
    summary: 'This client was too slow; forget the bans, a fresh snapshot follows.',
    params: z.object({ seq: count }),
  },
} satisfies Record<string, EventShape>
