import * as z from 'zod'
import { sample } from './metrics.ts'
import { count, done, type MethodShape, milliseconds, nothing, time } from './shape.ts'

/** How the daemon does: what is scarce, what is slow, what fails. */
export const health = z.object({
  lag: milliseconds.describe('milliseconds by which the main thread was late at worst in the last ten seconds'),
  loops: z
    .array(
      z.object({
        lag: milliseconds,
        restarts: count
          .optional()
          .describe(
            'how often it has died of a fault, its connections with it, and another took its place; absent: never',
          ),
      }),
    )
    .describe(
      'those that carry the connections, each with its longest turn in the last ten seconds; empty if the main thread does',
    ),
  sessions: z.object({
    live: count,
    max: count.describe('as `max-connections`, descriptors and the memory of the control group allow'),
    shed: count
      .optional()
      .describe("clients that were reset since the daemon's start while there was no room; absent: none"),
  }),
  descriptors: z.object({ open: count, max: count }),
  memory: count.describe('bytes resident'),
  store: z.object({
    problem: z.string().nullable().describe('why the last change could not be stored; null if it was'),
    slowest: milliseconds.describe('milliseconds that the slowest change of the last minute took'),
    waiting: z
      .array(z.string())
      .max(20)
      .describe('what acts and is not stored yet, so that a restart undoes it: users, limits, rules, settings, bans'),
    damaged: z
      .array(z.string())
      .max(20)
      .optional()
      .describe(
        'passwords, limits, settings and bans in it that cannot be read, what counts in their place, and the mend; absent: none',
      ),
  }),
  near: z
    .array(
      z.object({
        user: z.string(),
        limit: z.enum(['max-connections', 'max-sources', 'quota']),
        used: z.number().min(0),
        most: z.number().min(0),
      }),
    )
    .max(20)
    .describe(
      'users who have all the connections or sources that they may have, or of their quota so much as `warn` says (90 % ' +
        'unless told); the first by name',
    ),
  accessLog: z
    .object({
      problem: z.string().nullable().describe('why it cannot be written; null if it can'),
      dropped: count.describe("connections that could not be written down since the daemon's start"),
    })
    .optional()
    .describe('absent: it is off'),
  openMetrics: z
    .array(z.string())
    .optional()
    .describe('sockets for metrics that other machines may reach: whoever does can read them; absent: there is none'),
  balancers: z
    .array(z.string())
    .optional()
    .describe(
      'the only ones who may connect to SOCKS, as `proxy-protocol-from` names them; absent: whoever connects is the client',
    ),
  trusted: z
    .array(z.string())
    .optional()
    .describe('whence clients need no password, as `trusted-from` says: `NET` or `NET=USER`; absent: from nowhere'),
  webhook: z
    .object({
      problem: z
        .string()
        .nullable()
        .describe('why the last notice was not told; null if it was, or if there was none yet'),
      missed: count.describe("notices that were not told since the daemon's start"),
    })
    .optional()
    .describe('absent: there is none'),
  fleet: z
    .object({
      node: z.string().describe('which of the nodes this is'),
      nodes: count.describe('those that are there, as they were counted within half a minute'),
      gone: count.describe('those that have told nothing for a while, and have not said that they end'),
      problem: z.string().nullable().describe('why the store that they share does not answer; null if it does'),
      lag: milliseconds.describe('milliseconds since all that others had changed acted here'),
      behind: z.array(z.string()).max(20).describe('what others have changed and cannot act here; the log tells why'),
    })
    .optional()
    .describe('absent: this daemon is in no fleet'),
  names: z.object({
    pending: count.describe('names being looked up'),
    failed: count.describe('names that were not found, or not in time, in the last minute'),
    slowest: milliseconds.describe('milliseconds that the slowest answer of the last minute took'),
  }),
})
export type Health = z.infer<typeof health>

export const daemonMethods = {
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
      generation: count
        .optional()
        .describe('which of the daemons that have been upgraded one to the next this is: 1 the first'),
      before: count
        .optional()
        .describe('connections that processes which this one has followed still serve; absent: none'),
      draining: z.boolean().describe('whether new clients are refused and the live ones waited for'),
      passwordRequired: z.boolean().describe('whether SOCKS clients must log in'),
      lastUserOpens: z.boolean().describe('whether removing the only user would let clients in without a password'),
      users: count,
      listening: z.array(
        z.object({
          service: z.enum(['socks', 'forward', 'control', 'metrics']),
          address: z.string(),
          destination: z.string().optional().describe('where whoever comes here is connected to: of forwards only'),
        }),
      ),
      health,
      sample,
    }),
  },
  'daemon.drain': {
    role: 'operator',
    summary: 'Refuse new clients, and end when the live ones have gone or `timeout-drain` has passed, as on SIGTERM.',
    refuses: ['draining'],
    logged: [],
    params: nothing,
    result: done,
  },
  'daemon.undrain': {
    role: 'operator',
    summary:
      'Take new clients again, on the sockets of before, as long as a drain has not come to its end. Refused if SIGTERM asked for it, ' +
      'where another program has taken a port meanwhile, or if somebody asks for a drain before it is done; then the daemon drains on.',
    refuses: ['conflict', 'unavailable'],
    logged: [],
    params: nothing,
    result: done,
  },
  'daemon.reload': {
    role: 'admin',
    summary:
      'Read the config file, the files for TLS and the lists of rules again, and open the access log again, as on SIGHUP. What has ' +
      'a mistake stays as it was.',
    refuses: [],
    logged: [],
    params: nothing,
    result: z.object({
      changed: z
        .array(
          z.object({
            name: z.string(),
            before: z.string().optional().describe('for people; absent: a secret'),
            after: z.string().optional(),
            now: z.boolean().describe('whether it acts already; else from the next restart or upgrade on'),
          }),
        )
        .describe('settings that the config file has changed'),
      warnings: z.array(z.string()).describe('for people'),
      problems: z.array(z.string()).describe('why something stays as it was; empty: all counts as it is on the disk'),
    }),
  },
  'daemon.upgrade': {
    role: 'admin',
    summary:
      'Have the program as it is on the disk now take over, with the same arguments: no connection is lost, and if it does not ' +
      'come to serve within `timeout-upgrade`, all stays as it is. Live connections have `upgrade-drain` to end.',
    refuses: ['conflict', 'unavailable'],
    logged: [],
    params: nothing,
    result: z.object({ pid: count, version: z.string(), generation: count }).describe('of the successor'),
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
