import { z } from 'zod'
import type { ErrorKind } from './errors.ts'

/**
 * The management protocol's methods, as one table. Validation, types, help, `rpc.describe` and PROTOCOL.md derive from
 * it, the words of `describe` included. The daemon refuses unknown parameters; clients ignore unknown fields of a result.
 */

/** What a caller must be, weakest first. `anyone` needs no login. */
export const roles = ['anyone', 'viewer', 'operator', 'admin'] as const
export type Role = (typeof roles)[number]

/** A SOCKS user's name: 1 to 255 bytes of UTF-8 (RFC 1929, section 2), without control characters. */
export const userName = z
  .string()
  .min(1, 'must not be empty')
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused
  .regex(/^[^\u0000-\u001f\u007f-\u009f]*$/u, 'must not contain control characters')
  .refine((name) => name.isWellFormed(), 'must be well-formed Unicode')
  .refine((name) => utf8Length(name) <= 255, 'must be at most 255 bytes of UTF-8')
  .describe('at most 255 bytes of UTF-8, no control characters')

/** A SOCKS user's password: 1 to 255 bytes of UTF-8 (RFC 1929, section 2). */
export const password = z
  .string()
  .min(1, 'must not be empty')
  .refine((secret) => secret.isWellFormed(), 'must be well-formed Unicode')
  .refine((secret) => utf8Length(secret) <= 255, 'must be at most 255 bytes of UTF-8')
  .describe('at most 255 bytes of UTF-8')

const bytes = z.int().min(0).describe("bytes since the daemon's start")
const time = z.number().min(0).describe('milliseconds since 1970')
const count = z.int().min(0)

/** As `shared/limits.ts` has them, by the field's name; null is `none`. */
const limitValue = z.union([z.string(), z.number(), z.array(z.string())]).nullable()
const ownLimits = z.record(z.string(), limitValue)

/** What a change gives them: also as people write it, the empty text for what the group has. */
const limitChanges = z
  .record(
    z.string().max(64),
    z.union([z.string().max(1024), z.number(), z.array(z.string().max(256)).max(64)]).nullable(),
  )
  .describe('by field; `null` is no limit, whatever the group says, and the empty text what the group says')

const revision = count.describe('of the last change to its limits; it only grows')
const ifRevision = count
  .optional()
  .describe('refuse with `conflict` what was changed after this revision, the highest that the caller has seen')

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
  effective: z
    .record(z.string(), z.object({ value: limitValue, from: z.enum(['user', 'group', 'default']) }))
    .describe('the limits in force, and whose they are'),
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

export const group = z.object({
  name: z.string(),
  limits: ownLimits,
  members: count,
  revision,
})
export type Group = z.infer<typeof group>

export const connectionStates = ['negotiating', 'resolving', 'connecting', 'listening', 'open', 'closing'] as const

/** What a client asks for (RFC 1928, section 4); `forward`: it came to a port that leads to one place only. */
export const commands = ['connect', 'bind', 'udp-associate', 'forward'] as const

/** Whose rate connections wait for. The order is that of the numbers in the daemon's tables. */
export const pacedBy = ['user', 'source', 'everybody'] as const

const milliseconds = z.number().min(0).describe('milliseconds')

export const connection = z.object({
  id: z.string().describe('never given twice, not even by the next start of the daemon'),
  state: z.enum(connectionStates),
  user: z.string().nullable().describe('null without a login'),
  command: z.enum(commands).nullable().describe('what the client asked for; null until it has'),
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
    .describe('the `address:port` that was dialled, or whose connection a `bind` took; null until then'),
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

/** Why a session ended. The order is that of the numbers in the daemon's tables. */
export const endReasons = [
  'denied',
  'malformed',
  'unsupported',
  'forbidden',
  'limit_user',
  'limit_source',
  'rate',
  'sources',
  'quota',
  'expired',
  'not_found',
  'unreachable',
  'refused',
  'timed_out',
  'silent',
  'gone',
  'failed',
  'finished',
  'reset',
  'idle',
  'cut',
  'ended',
  'revoked',
] as const
export type EndReason = (typeof endReasons)[number]

const endReason = z
  .enum(endReasons)
  .describe(
    '`denied`: wrong or missing password; `malformed`: not SOCKS5; `unsupported`: such a command or address; `forbidden`: by the ' +
      'rules; `limit_user`, `limit_source`: as many connections as the user, or the address, may have; `rate`: too many in a ' +
      'short time; `sources`: not from this address, or from so many; `quota`: used up; `expired`: their time is over. The last ' +
      'two end live connections, too. `not_found`: no such name; `unreachable`, `refused`, `timed_out`: the destination; `silent`: the client asked ' +
      'nothing in time; `gone`: the client left before it was served; `failed`: anything else before it stood. `finished`: both ' +
      'sides were done; `reset`: one broke off; `idle`: nothing moved for too long; `cut`: by an operator; `ended`: the daemon was; `revoked`: by rules that came later',
  )

/** A connection that is no more; `state` is its last. */
export const closedConnection = connection.extend({ ended: time, reason: endReason })
export type ClosedConnection = z.infer<typeof closedConnection>

/** How the daemon does: what is scarce, what is slow, what fails. */
export const health = z.object({
  lag: milliseconds.describe('milliseconds by which the main thread was late at worst in the last ten seconds'),
  loops: z
    .array(z.object({ lag: milliseconds }))
    .describe(
      'those that carry the connections, each with its longest turn in the last ten seconds; empty if the main thread does',
    ),
  sessions: z.object({ live: count, max: count.describe('as `max-connections` and the descriptors allow') }),
  descriptors: z.object({ open: count, max: count }),
  memory: count.describe('bytes resident'),
  store: z.object({
    problem: z.string().nullable().describe('why the last change could not be stored; null if it was'),
    slowest: milliseconds.describe('milliseconds that the slowest change of the last minute took'),
  }),
  names: z.object({
    pending: count.describe('names being looked up'),
    failed: count.describe('names that were not found, or not in time, in the last minute'),
    slowest: milliseconds.describe('milliseconds that the slowest answer of the last minute took'),
  }),
})
export type Health = z.infer<typeof health>

/** How far back graphs go. */
export const ranges = ['1m', '15m', '1h', '24h'] as const
export type Range = (typeof ranges)[number]

/** Bytes a second in each step; null for a time of which nothing is known. */
const rates = z.array(count.nullable())

const settingValue = z.union([z.string(), z.number(), z.boolean(), z.array(z.string())])

export const setting = z.object({
  name: z.string(),
  value: settingValue,
  source: z
    .enum(['default', 'file', 'stored', 'flag'])
    .describe('where the value comes from, the weakest first; `stored` by `config.set`'),
  default: settingValue,
  type: z.enum(['text', 'integer', 'choice', 'flag', 'list']),
  choices: z.array(z.string()).optional(),
  min: z.number().optional().describe('of an integer'),
  max: z.number().optional().describe('of an integer, itself included'),
  placeholder: z.string().optional().describe('stands for a value in help texts; `MS` is milliseconds'),
  runtime: z.boolean().describe('whether `config.set` can change it while the daemon runs'),
  summary: z.string(),
})
export type Setting = z.infer<typeof setting>

/** Why a source is kept out. */
const banReasons = ['login', 'malformed', 'silent', 'operator'] as const

/** A source that may not connect. */
export const ban = z.object({
  source: z.string().describe('an IPv4 address, or a network of IPv6 as `address/64` or `address/48`'),
  since: time,
  until: time.nullable().describe('null: until it is lifted'),
  reason: z
    .enum(banReasons)
    .describe(
      '`login`: wrong passwords; `malformed`: what is not SOCKS5; `silent`: connections that ask for nothing; `operator`: ' +
        'somebody said so',
    ),
  by: z.string().nullable().describe('the operator who did; null: the daemon'),
})
export type Ban = z.infer<typeof ban>
export type BanReason = Ban['reason']

/** What an operator may be. */
const operatorRole = z.enum(['viewer', 'operator', 'admin'])

/** A named operator's name: 1 to 64 characters; `__` at the front is the daemon's own. */
const operatorName = z
  .string()
  .max(64, 'must be at most 64 characters')
  .regex(/^[\p{L}\p{N}][\p{L}\p{N}._@-]*$/u, 'must be letters, digits and ._@-, a letter or digit first')
  .describe('letters, digits and `._@-`, a letter or digit first')

export const operator = z.object({
  name: z.string(),
  role: operatorRole,
  created: time,
  sessions: count.describe('management connections that are theirs now'),
})
export type Operator = z.infer<typeof operator>

/** What decides where clients may go: a line of the rules, or what the daemon adds of its own. */
export const rule = z.object({
  id: count.describe("stays with the rule; those below 16 are the daemon's own"),
  place: count.nullable().describe('among the lines of the rules, from 1; null for what the daemon adds'),
  source: z
    .enum(['rules', 'setting', 'built-in'])
    .describe('`rules`: a line of them; `setting`: what a setting says, which the rules cannot lift'),
  text: z.string().describe('`allow|deny [user:NAME|group:NAME] [from …] [to …] [port …] [cmd …] …`'),
  hits: count.describe("requests and datagrams' destinations that it decided about since the daemon's start"),
  last: time.nullable().describe('when it last did'),
})
export type Rule = z.infer<typeof rule>

/** A text of rules: a line each. */
const ruleText = z.string().max(524_288, 'must be at most 524,288 characters: put long lists into files (@file)')
const ruleLine = z.string().max(65_536, 'must be at most 65,536 characters: put long lists into files (@file)')
const place = z.int().min(1).describe('among the rules, from 1; behind the last one it comes last')
const ifRuleRevision = count.optional().describe('only if the rules are still those of this revision, else `conflict`')
const dryRun = z.boolean().optional().describe('only tells what would come of it')
const ruleChange = z.object({
  revision: count.describe('of the rules now'),
  added: z.array(z.string()).max(500).describe('the first 500'),
  removed: z.array(z.string()).max(500).describe('the first 500'),
  reordered: z.boolean().describe('whether others changed places'),
  cut: count.describe('live connections that it ended, or would'),
})

export const logLevels = ['debug', 'info', 'warn', 'error'] as const

/** One line of the daemon's log. */
export const logEntry = z.object({
  seq: count.describe('consecutive from 1, whatever the level'),
  time,
  level: z.enum(logLevels),
  message: z.string(),
  fields: z.record(z.string(), z.string()).optional().describe('what else was said'),
})
export type LogEntry = z.infer<typeof logEntry>

/** One second of the whole daemon. Counters only grow, so a lost sample loses nothing. */
export const sample = z.object({
  seq: count,
  time,
  up: bytes.describe("bytes from clients since the daemon's start"),
  down: bytes.describe("bytes to clients since the daemon's start"),
  accepted: count.describe('client connections'),
  connected: count.describe('requests that reached their destination'),
  failed: count.describe('sessions that ended before that, whatever the reason'),
  denied: count.describe('of those: a wrong or missing password'),
  connections: count.describe('live ones, now'),
  ended: z
    .record(z.string(), count)
    .describe('sessions that ended, by the reason of `connections.closed`; without those that are 0'),
  users: z
    .array(z.object({ name: z.string().nullable(), connections: count, up: bytes, down: bytes }))
    .describe(
      'the busiest of this second, busiest first, at most ten; `name` null stands for all clients without login. Their ' +
        "bytes, too, count from the daemon's start",
    ),
})
export type Sample = z.infer<typeof sample>

/** An operator's password: 8 to 255 characters. */
const operatorPassword = z
  .string()
  .min(8, 'must be at least 8 characters')
  .max(255, 'must be at most 255 characters')
  .refine((secret) => secret.isWellFormed(), 'must be well-formed Unicode')

const groupName = z.string().max(64).describe('letters, digits and `._@-`, a letter or digit first')

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

const page = z.strictObject({
  cursor: z.string().optional().describe('`next` of the page before'),
  limit: z.int().min(1).max(500).optional().describe('rows in the page, 500 unless told'),
})
const next = z.string().optional().describe('the `cursor` of the next page; absent on the last')

const nothing = z.strictObject({})
const done = z.object({})
const stored = z
  .boolean()
  .describe('false if the disk did not take it: it acts, the daemon tries again, and until then a restart undoes it')
const ended = z.object({
  ended: count.describe('management connections that were ended'),
  stored,
})

const banSource = z
  .string()
  .max(64)
  .describe(
    'an address, of which IPv6 stands for the 64-bit network that it is in, or such a network, or one of 48 bits',
  )

export interface MethodShape {
  role: Role
  summary: string
  /** What it refuses beside what any method may: the wrong time, role or parameters, and a fault of the daemon. */
  refuses: readonly ErrorKind[]
  /** Of a method that changes something: those of its parameters, none a secret, that the log tells of, beside who did it. */
  logged?: readonly string[]
  params: z.ZodObject
  result: z.ZodObject
}

export const methods = {
  'session.start': {
    role: 'anyone',
    summary: 'Agree on the protocol version; the first call on a connection.',
    refuses: ['conflict', 'unsupported_version'],
    params: z.strictObject({
      protocol: z.tuple([count, count]).describe('major and minor version that the client speaks'),
      client: z.string().max(64).describe('what the client is, in its own words'),
    }),
    result: z.object({ protocol: z.tuple([count, count]) }),
  },
  'auth.begin': {
    role: 'anyone',
    summary: 'Begin a login: the client-first message of RFC 5802.',
    refuses: ['auth_failed', 'rate_limited', 'conflict'],
    params: z.strictObject({ mechanism: z.literal('SCRAM-SHA-256'), message: z.string().max(2048) }),
    result: z.object({ message: z.string() }),
  },
  'auth.finish': {
    role: 'anyone',
    summary:
      'Finish a login: the client-final message of RFC 5802. The reply proves that the daemon knows the secret too.',
    refuses: ['auth_failed', 'conflict'],
    params: z.strictObject({ message: z.string().max(2048) }),
    result: z.object({ message: z.string(), role: z.enum(roles) }),
  },
  'session.whoami': {
    role: 'viewer',
    summary: 'Tell who this connection is logged in as, and how.',
    refuses: [],
    params: nothing,
    result: z.object({ name: z.string(), role: z.enum(roles), via: z.enum(['unix', 'tcp', 'tls']) }),
  },
  'session.drop': {
    role: 'viewer',
    summary: 'Give up rights for the rest of this connection: from now on it has this role at most.',
    refuses: [],
    params: z.strictObject({ role: operatorRole }),
    result: z.object({ role: operatorRole }),
  },
  'session.ping': {
    role: 'viewer',
    summary: "Tell the daemon's time, to see that it still answers.",
    refuses: [],
    params: nothing,
    result: z.object({ time }),
  },
  'status.get': {
    role: 'viewer',
    summary: 'Tell what this daemon is and how it does: version, engine, sockets, uptime.',
    refuses: [],
    params: nothing,
    result: z.object({
      version: z.string(),
      instance: z.string(),
      pid: count,
      engine: z.enum(['linux', 'portable']),
      workers: count,
      started: time,
      draining: z.boolean().describe('whether new clients are refused and the live ones waited for'),
      passwordRequired: z.boolean().describe('whether SOCKS clients must log in'),
      lastUserOpens: z.boolean().describe('whether removing the only user would let clients in without a password'),
      users: count,
      listening: z.array(
        z.object({
          service: z.enum(['socks', 'forward', 'control']),
          address: z.string(),
          destination: z.string().optional().describe('where whoever comes here is connected to: of forwards only'),
        }),
      ),
      health,
      sample,
    }),
  },
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
    params: z.strictObject({ name: userName, password }),
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
  'users.setPassword': {
    role: 'admin',
    summary: 'Change a password; it counts from the next login on, live connections stay.',
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
    summary: "Cut a user's connections; they may come back at once.",
    refuses: ['not_found'],
    logged: ['name'],
    params: z.strictObject({ name: userName }),
    result: z.object({ cut: count.describe('connections') }),
  },
  'users.set': {
    role: 'admin',
    summary:
      'Change limits of users, of all or of none, now and for later starts. Connections stay, and obey at once. A span of ' +
      '`expires` counts from this change on, or, with `starts` as `first-use`, from the first connection after it.',
    refuses: ['not_found', 'conflict', 'unavailable'],
    logged: ['names', 'where', 'fields'],
    params: z.strictObject({ ...someUsers, fields: limitChanges, ifRevision }),
    result: z.object({
      changed: count.describe('users whose limits differ from before'),
      revision,
      before: ownLimits.optional().describe('of one user by name: what the fields were, those that were not left out'),
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
  'groups.list': {
    role: 'operator',
    summary: "List the groups of users by name, `default`, which is everybody's, among them.",
    refuses: [],
    params: nothing,
    result: z.object({ groups: z.array(group).max(1000) }),
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
    summary: "Change a group's limits. Its members' connections stay, and obey at once.",
    refuses: ['not_found', 'conflict', 'unavailable'],
    logged: ['name', 'fields'],
    params: z.strictObject({ name: groupName, fields: limitChanges, ifRevision }),
    result: z.object({
      members: count,
      revision,
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
    refuses: [],
    logged: ['ids'],
    params: z.strictObject({ ids: z.array(z.string().max(64)).min(1).max(500) }),
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
  'metrics.subscribe': {
    role: 'viewer',
    summary: 'Follow the metrics, one sample a second; the reply carries the last `history` samples, oldest first.',
    refuses: [],
    params: z.strictObject({
      history: z.int().min(0).max(3600).optional().describe('0 unless told; the daemon keeps 300'),
    }),
    result: z.object({ samples: z.array(sample) }),
  },
  'metrics.unsubscribe': {
    role: 'viewer',
    summary: 'Stop following the metrics.',
    refuses: [],
    params: nothing,
    result: done,
  },
  'metrics.history': {
    role: 'viewer',
    summary:
      "Throughput over time, of everybody or of one user, for graphs. It is kept in memory, since the daemon's start.",
    refuses: ['not_found'],
    params: z.strictObject({
      range: z.enum(ranges).describe('how far back'),
      user: z
        .string()
        .max(255)
        .nullable()
        .optional()
        .describe('of this user; null: of clients without login; absent: of everybody'),
    }),
    result: z.object({
      step: milliseconds.describe('milliseconds that one value stands for'),
      end: time.describe('when the last step ended, or will have'),
      up: rates.describe('bytes a second from clients, oldest first; null for a time of which nothing is known'),
      down: rates.describe('bytes a second to clients, in the same steps'),
    }),
  },
  'log.subscribe': {
    role: 'operator',
    summary: 'Follow the log from this level on; the reply carries the last `history` entries of it, oldest first.',
    refuses: [],
    params: z.strictObject({ level: z.enum(logLevels).optional(), history: z.int().min(0).max(1000).optional() }),
    result: z.object({ entries: z.array(logEntry) }),
  },
  'log.unsubscribe': {
    role: 'operator',
    summary: 'Stop following the log.',
    refuses: [],
    params: nothing,
    result: done,
  },
  'config.get': {
    role: 'viewer',
    summary: 'List every setting with its value and where that comes from. Secrets are left out.',
    refuses: [],
    params: nothing,
    result: z.object({
      revision: count.describe('grows with each change; `config.set` wants it back'),
      settings: z.array(setting),
    }),
  },
  'config.set': {
    role: 'admin',
    summary:
      'Change settings, all or none, now and for later starts. `null` forgets what was set: flag, file or default count ' +
      'again. Refused with `conflict` if they have changed since `revision`. `dryRun` only checks.',
    refuses: ['conflict', 'unavailable'],
    logged: ['patch', 'dryRun'],
    params: z.strictObject({
      revision: count,
      patch: z.record(z.string().max(64), settingValue.nullable()),
      dryRun: z.boolean().optional(),
    }),
    result: z.object({
      revision: count,
      changed: z.array(z.string()).describe('the settings whose values differ from before'),
      warnings: z.array(z.string()).describe('for people: such as a flag that will win at the next start'),
    }),
  },
  'bans.list': {
    role: 'operator',
    summary: 'List the sources whose connections are reset at once, by address, a page at a time.',
    refuses: [],
    params: page,
    result: z.object({ bans: z.array(ban), next }),
  },
  'bans.add': {
    role: 'operator',
    summary:
      "Keep a source out, from now on or in place of a ban that there is. Its live connections stay: cut them by 'connections.kill'.",
    refuses: ['conflict'],
    logged: ['source', 'seconds'],
    params: z.strictObject({
      source: banSource,
      seconds: z.int().min(1).max(315_360_000).optional().describe('ten years at most; absent: until it is lifted'),
    }),
    result: z.object({ ban, stored }),
  },
  'bans.remove': {
    role: 'operator',
    summary: 'Let a source in again, and forget what it did. Of an address, lift every ban that it is in.',
    refuses: ['not_found'],
    logged: ['source'],
    params: z.strictObject({ source: banSource }),
    result: z.object({ lifted: z.array(ban), stored }),
  },
  'rules.list': {
    role: 'operator',
    summary:
      'List the rules in their order, a page at a time, and before and behind them what the daemon adds of its own.',
    refuses: [],
    params: page.extend({ text: z.boolean().optional().describe('whether the text of the rules is wanted, too') }),
    result: z.object({
      revision: count,
      rules: z.array(rule).max(500),
      text: z.string().optional().describe('as it was applied, comments and all'),
      next,
    }),
  },
  'rules.apply': {
    role: 'admin',
    summary:
      'Put a text in place of all rules: refused as a whole, with `line` and `column`, if one line is wrong or one of its tests ' +
      'fails. It acts on live connections, too. `dryRun` tells the difference.',
    refuses: ['conflict', 'unavailable'],
    logged: ['dryRun'],
    params: z.strictObject({ text: ruleText, ifRevision: ifRuleRevision, dryRun }),
    result: ruleChange,
  },
  'rules.add': {
    role: 'admin',
    summary: 'Add a rule behind the others.',
    refuses: ['conflict', 'unavailable'],
    logged: ['rule', 'dryRun'],
    params: z.strictObject({ rule: ruleLine, ifRevision: ifRuleRevision, dryRun }),
    result: ruleChange,
  },
  'rules.insert': {
    role: 'admin',
    summary: 'Add a rule at a place among the others.',
    refuses: ['conflict', 'unavailable'],
    logged: ['rule', 'place', 'dryRun'],
    params: z.strictObject({ rule: ruleLine, place, ifRevision: ifRuleRevision, dryRun }),
    result: ruleChange,
  },
  'rules.move': {
    role: 'admin',
    summary: 'Move a rule to another place.',
    refuses: ['not_found', 'conflict', 'unavailable'],
    logged: ['id', 'place', 'dryRun'],
    params: z.strictObject({ id: count, place, ifRevision: ifRuleRevision, dryRun }),
    result: ruleChange,
  },
  'rules.remove': {
    role: 'admin',
    summary: 'Remove rules.',
    refuses: ['not_found', 'conflict', 'unavailable'],
    logged: ['ids', 'dryRun'],
    params: z.strictObject({ ids: z.array(count).min(1).max(500), ifRevision: ifRuleRevision, dryRun }),
    result: ruleChange,
  },
  'rules.test': {
    role: 'operator',
    summary: 'Tell what the rules say of a request that nobody makes, point by point.',
    refuses: ['not_found'],
    params: z.strictObject({
      user: z.string().nullable().describe('null: without a login'),
      host: z.string().min(1).max(255),
      port: z.int().min(1).max(65_535),
      from: z.string().max(64).optional().describe("the client's address; 127.0.0.1 unless told"),
      command: z.enum(['connect', 'bind', 'udp-associate']).optional().describe('`connect` unless told'),
      resolve: z
        .array(z.string().max(64))
        .max(32)
        .optional()
        .describe('what the name stands for; unless told it is looked up'),
    }),
    result: z.object({
      allowed: z.boolean(),
      phases: z.array(
        z.object({
          address: z.string().nullable().describe('null before addresses are known'),
          allowed: z.boolean(),
          rule: count.nullable().describe('the `id` of the rule that decides; null: none is about it'),
          next: count.nullable().describe('the one that would decide without it; null: none'),
        }),
      ),
    }),
  },
  'operators.list': {
    role: 'admin',
    summary: 'List the named operators, by name.',
    refuses: [],
    params: nothing,
    result: z.object({ operators: z.array(operator).max(500) }),
  },
  'operators.add': {
    role: 'admin',
    summary: 'Add a named operator, who can log in at once. Only what SCRAM needs of the password is kept.',
    refuses: ['exists', 'conflict', 'unavailable'],
    logged: ['name', 'role'],
    params: z.strictObject({ name: operatorName, role: operatorRole, password: operatorPassword }),
    result: done,
  },
  'operators.remove': {
    role: 'admin',
    summary: 'Remove an operator and end their management connections.',
    refuses: ['not_found'],
    logged: ['name'],
    params: z.strictObject({ name: operatorName }),
    result: ended,
  },
  'operators.setPassword': {
    role: 'admin',
    summary: "Change an operator's password and end their management connections, but not this one.",
    refuses: ['not_found'],
    logged: ['name'],
    params: z.strictObject({ name: operatorName, password: operatorPassword }),
    result: ended,
  },
  'operators.setRole': {
    role: 'admin',
    summary: "Change an operator's role and end their management connections, but not this one.",
    refuses: ['not_found', 'unavailable'],
    logged: ['name', 'role'],
    params: z.strictObject({ name: operatorName, role: operatorRole }),
    result: ended,
  },
  'daemon.drain': {
    role: 'operator',
    summary: 'Refuse new clients, and end when the live ones have gone or `timeout-drain` has passed, as on SIGTERM.',
    refuses: ['draining'],
    logged: [],
    params: nothing,
    result: done,
  },
  'daemon.shutdown': {
    role: 'admin',
    summary: 'End the daemon and every connection now.',
    refuses: [],
    logged: [],
    params: nothing,
    result: done,
  },
  'rpc.describe': {
    role: 'viewer',
    summary:
      'Describe every method and event: its role, what it refuses, and the JSON Schema of its parameters and result.',
    refuses: [],
    params: nothing,
    result: z.object({ methods: z.record(z.string(), z.unknown()), events: z.record(z.string(), z.unknown()) }),
  },
} satisfies Record<string, MethodShape>

export type Method = keyof typeof methods
export type Params<M extends Method> = z.input<(typeof methods)[M]['params']>
export type Result<M extends Method> = z.output<(typeof methods)[M]['result']>

/** What the daemon sends unasked. Clients ignore events that they do not know. */
export const events = {
  hello: {
    summary: 'The greeting, sent at once.',
    params: z.object({
      protocol: z.tuple([count, count]),
      instance: z.string().describe('new at each start of the daemon'),
      auth: z.array(z.string()),
      capabilities: z.array(z.string()),
      limits: z.record(z.string(), z.number()),
    }),
  },
  'metrics.sample': { summary: 'One sample a second.', params: sample },
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
  'connections.snapshot': {
    summary: 'A page of the connections that are live when the subscription begins; `last` ends the snapshot.',
    params: z.object({ seq: count, connections: z.array(connection).max(500), last: z.boolean() }),
  },
  'connections.changed': {
    summary:
      "What changed since the event before, at most four times a second. `seq` counts a subscription's events, snapshot " +
      'and resync among them; after a gap, subscribe again. `changed` has whole rows, `moved` new byte counts as ' +
      '[id, up, down], `closed` ids that are gone. `ended` has those that came and went in between, each of which is in no other ' +
      'list; `missed` counts how many more of them there were, beyond 1,000 a second.',
    params: z.object({
      seq: count,
      changed: z.array(connection),
      moved: z.array(z.tuple([z.string(), bytes, bytes])),
      closed: z.array(z.string()),
      ended: z.array(closedConnection).optional().describe('absent: none'),
      missed: count.optional().describe('absent: 0'),
    }),
  },
  'connections.resync': {
    summary: 'This client was too slow; forget the table, a fresh snapshot follows.',
    params: z.object({ seq: count }),
  },
  'log.entries': {
    summary:
      'New lines of the log. `lost` counts those of this level that were dropped before them, since this client was slow.',
    params: z.object({ entries: z.array(logEntry), lost: count }),
  },
  goodbye: {
    summary: 'The daemon ends this connection, and why.',
    params: z.object({ reason: z.string() }),
  },
} satisfies Record<string, { summary: string; params: z.ZodObject }>

export type EventName = keyof typeof events
export type EventParams<E extends EventName> = z.output<(typeof events)[E]['params']>

function utf8Length(text: string): number {
  return new TextEncoder().encode(text).length
}
