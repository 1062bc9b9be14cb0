import * as z from 'zod'
import { endReasonMeanings, endReasons } from '../../end-reasons.ts'
import { commands, connectionStates, pacedBy, protocols } from '../vocabulary.ts'
import {
  bytes,
  count,
  done,
  type EventShape,
  type MethodShape,
  milliseconds,
  next,
  nothing,
  page,
  time,
} from './shape.ts'

/** Of a login that was wrong. */
export const triedName = z
  .string()
  .optional()
  .describe(
    'the user name of a login that was wrong: letters, digits and `._@-` stand for themselves, every other byte is `%` and two ' +
      'hex digits; absent: none was',
  )

export const commandTexts =
  '`connect`: CONNECT of any protocol, and from older daemons any of HTTP; `request`: one of HTTP in absolute form, that goes on'

export const connection = z.object({
  id: z.string().describe('never given twice, not even by the next start of the daemon'),
  state: z.enum(connectionStates),
  user: z.string().nullable().describe('null without a login'),
  tried: triedName,
  command: z.enum(commands).nullable().describe(`what the client asked for; null until it has. ${commandTexts}`),
  protocol: z
    .enum(protocols)
    .optional()
    .describe('what the client speaks; absent until that is known, and of a forward'),
  client: z.string().describe("the client's `address:port`, IPv6 in brackets"),
  destination: z
    .string()
    .nullable()
    .describe(
      '`name-or-address:port` as the client asked; null until it has. Of an association: where its last datagram went',
    ),
  address: z
    .string()
    .nullable()
    .describe(
      'the `address:port` that was asked for or, of a name, dialled, or whose connection a `bind` took; null until then',
    ),
  opened: time,
  up: bytes.describe('bytes from the client'),
  down: bytes.describe('bytes to the client'),
  rule: count.optional().describe('the `id` of the rule that decided about it; absent: none did'),
  paced: z
    .enum(pacedBy)
    .optional()
    .describe(
      "whose rate it waits for now and again: its user's, its source's, or that of `everybody` together; absent: none. " +
        'Events tell when this changes, but not the next two by themselves',
    ),
  waited: milliseconds
    .optional()
    .describe('milliseconds for which its two directions together have waited for a rate; absent: 0'),
  dropped: count.optional().describe('datagrams beyond a rate, which were dropped; absent: 0'),
})
export type Connection = z.infer<typeof connection>

export const endReason = z.enum(endReasons).describe(endReasonMeanings)

/** A connection that is no more; `state` is its last. */
export const closedConnection = connection.extend({ ended: time, reason: endReason })
export type ClosedConnection = z.infer<typeof closedConnection>

export const connectionMethods = {
  'connections.list': {
    role: 'operator',
    summary: 'List live connections, oldest first, a page at a time.',
    refuses: [],
    params: page,
    result: z.object({ connections: z.array(connection), next }),
  },
  'connections.get': {
    role: 'operator',
    summary: 'All about one connection, live or recently closed.',
    refuses: ['not_found'],
    params: z.strictObject({ id: z.string().max(64) }),
    result: z.object({
      connection,
      end: z.object({ time, reason: endReason }).nullable().describe('null while it is live'),
      timeline: z
        .array(z.object({ state: z.enum(connectionStates), since: time }))
        .describe('the states it has had, oldest first'),
      limits: z
        .array(z.object({ setting: z.string(), value: z.number() }))
        .describe('the settings that bound it in its present state, and their values; none once it has ended'),
      pace: z
        .object({ up: count, down: count })
        .optional()
        .describe('bytes a second each way by the rate that it waits for, 0 for any; absent: it waits for none'),
    }),
  },
  'connections.closed': {
    role: 'operator',
    summary: 'List the connections that ended last, newest first: those that the daemon remembers.',
    refuses: [],
    params: z.strictObject({ limit: z.int().min(1).max(500).optional().describe('100 unless told') }),
    result: z.object({ connections: z.array(closedConnection) }),
  },
  'connections.kill': {
    role: 'operator',
    summary: 'Cut connections by id. What is gone already is named, not refused.',
    refuses: ['not_found', 'conflict', 'unavailable'],
    logged: ['ids', 'node'],
    params: z.strictObject({
      ids: z.array(z.string().max(64)).min(1).max(500),
      node: z.string().min(1).max(255).optional().describe('of the fleet, whose they are; absent: of this daemon'),
    }),
    result: z.object({ killed: z.array(z.string()), missing: z.array(z.string()) }),
  },
  'connections.subscribe': {
    role: 'operator',
    summary: 'Follow the live connections: a snapshot in pages, then what changed, as events.',
    refuses: [],
    params: nothing,
    result: done,
  },
  'connections.unsubscribe': {
    role: 'operator',
    summary: 'Stop following the live connections.',
    refuses: [],
    params: nothing,
    result: done,
  },
} satisfies Record<string, MethodShape>

export const connectionEvents = {
  'connections.snapshot': {
    summary: 'A page of the connections that are live when the subscription begins; `last` ends the snapshot.',
    params: z.object({ seq: count, connections: z.array(connection).max(500), last: z.boolean() }),
  },
  'connections.changed': {
    summary:
      "What changed since the event before, at most four times a second. `seq` counts a subscription's events, snapshot " +
      'and resync among them; after a gap, subscribe again. `changed` has whole rows, `moved` new byte counts as ' +
      '[id, up, down], `closed` ids that are gone: `connections.closed` or `access.entries` tells why. `missed` counts the connections ' +
      'that came and went in between two looks, and so are in none of these: who wants to hear of each one follows the access log, ' +
      'by access.subscribe.',
    params: z.object({
      seq: count,
      changed: z.array(connection),
      moved: z.array(z.tuple([z.string(), bytes, bytes])),
      closed: z.array(z.string()),
      missed: count.optional().describe('absent: 0'),
    }),
  },
  'connections.resync': {
    summary:
      'This client was too slow; forget the table, a fresh snapshot follows. What came and went before that is counted nowhere.',
    params: z.object({ seq: count }),
  },
} satisfies Record<string, EventShape>
