import { limits } from '../../shared/protocol/limits.ts'
import type {
  AuditEntry,
  EventName,
  EventParams,
  FleetNode,
  Method,
  Params,
  Result,
  User,
} from '../../shared/protocol/methods.ts'
import { worked } from './worked-login.ts'

/** What PROTOCOL.md shows of each method and event. A real daemon is asked each of the questions. */

const bob = {
  name: 'bob',
  enabled: true,
  stored: true,
  created: 1767225600000,
  connections: 1,
  up: 2210,
  down: 184320,
  group: 'staff',
  limits: { group: 'staff', quota: 50_000_000_000, cycle: 'month' },
  effective: {
    'rate-down': { value: 50_000_000, from: 'group' },
    quota: { value: 50_000_000_000, from: 'user' },
    cycle: { value: 'month', from: 'user' },
  },
  revision: 2,
  use: { sources: 1, used: 186530, refused: 0, cycleEnds: 1769904000000, expires: null, ended: null },
} as const satisfies User
const keptBob = {
  name: 'bob',
  hash: '$scrypt-sha256$ln=14,r=8,p=1$2Xo3mBBqTJbW0o0Mqg4Y4A$6hbc0Z5BCM1UHSgR8ZtUe5AYkY0vEYM1PZQhJqQmGxA',
  enabled: true,
  created: 1767225600000,
  limits: { group: 'staff', quota: 50_000_000_000 },
  used: { up: 2210, down: 184320, mark: 0, marked: 0 },
} as const
const ann = { name: 'ann', role: 'viewer', created: 1767225600000, sessions: 0 } as const

const connection = {
  id: 'k3fq-17',
  state: 'open',
  user: 'bob',
  command: 'connect',
  protocol: 'socks5',
  client: '127.0.0.1:42084',
  destination: 'example.com:443',
  address: '93.184.215.14:443',
  opened: 1767225661518,
  up: 2210,
  down: 184320,
} as const

const ended = {
  ts: 1767225661730,
  event: 'end',
  id: 'k3fq-17',
  user: 'bob',
  source: '127.0.0.1:42084',
  cmd: 'connect',
  protocol: 'socks5',
  name: 'example.com',
  address: '93.184.215.14',
  port: 443,
  up: 2210,
  down: 184320,
  duration: 212,
  connect_ms: 31,
  result: 'ok',
  reason: 'finished',
  loop: 0,
} as const

const happened = {
  id: 'k3fq-21',
  time: 1767225661730,
  kind: 'login_failed',
  level: 'warn',
  text: 'login of bob failed',
  user: 'bob',
  source: '192.0.2.7',
  reason: 'denied',
  count: 3,
} as const

const watch = {
  name: 'big',
  text: 'rate>10MB/s user:bob for 30s',
  created: 1767225600000,
  by: 'local',
  firing: [],
  fired: 0,
}

const sample = {
  seq: 61,
  time: 1767225662000,
  up: 2210,
  down: 184320,
  accepted: 19,
  connected: 17,
  failed: 1,
  denied: 0,
  connections: 1,
  ended: { finished: 16, refused: 1 },
  users: [{ name: 'bob', connections: 1, up: 2210, down: 184320 }],
}

const entry = {
  seq: 7,
  time: 1767225660000,
  level: 'info',
  message: 'management login from 127.0.0.1 failed',
} as const

const timeout = {
  name: 'timeout-idle',
  value: 3_600_000,
  source: 'default',
  default: 3_600_000,
  type: 'integer',
  min: 100,
  max: 86_400_000,
  placeholder: 'MS',
  runtime: true,
  summary: 'without a byte either way',
} as const

const earnedBan = {
  source: '2001:db8:7:1::/64',
  since: 1767225640000,
  until: 1767225670000,
  reason: 'login',
  by: null,
} as const

const setBan = {
  source: '198.51.100.4',
  since: 1767225662000,
  until: 1767229262000,
  reason: 'operator',
  by: 'ann',
} as const

const audited = {
  id: 41,
  time: 1767225661518,
  by: 'ann',
  role: 'admin',
  from: 'tls 192.0.2.7',
  action: 'users.set',
  given: { names: ['bob'], fields: { quota: '50GB' } },
  before: {},
  after: { quota: 50000000000 },
  outcome: 'ok',
  count: 1,
} as const satisfies AuditEntry

const node = {
  name: 'proxy-1',
  state: 'serves',
  age: 1830,
  version: '0.1.0',
  started: 1767225600000,
  socks: ['10.0.0.1:1080'],
  control: ['127.0.0.1:8080', 'tls:10.0.0.1:8443'],
  connections: 1,
  up: 1186,
  down: 92160,
  cpu: 0.07,
} satisfies FleetNode

/** The results are of a daemon with the users `bob` and `cid`, and the operators `ann` and `joe`. */
export const examples: { readonly [M in Method]: { readonly params: Params<M>; readonly result: Result<M> } } = {
  'session.start': { params: { protocol: [1, 0], client: 'my-client 0.3' }, result: { protocol: [1, 0] } },
  'auth.begin': {
    params: { mechanism: 'SCRAM-SHA-256', message: worked.clientFirst },
    result: { message: worked.serverFirst },
  },
  'auth.finish': {
    params: { message: worked.clientFinal },
    result: { message: worked.serverFinal, role: 'admin' },
  },
  'session.whoami': { params: {}, result: { name: 'local', role: 'admin', via: 'unix' } },
  'session.drop': { params: { readOnly: true }, result: { role: 'admin', readOnly: true } },
  'session.ping': { params: {}, result: { time: 1767225662000 } },
  'status.get': {
    params: {},
    result: {
      version: '0.1.0',
      instance: '9b0e5f0e-4c5c-4c63-8d7b-5f0f6a6fb0a1',
      pid: 4711,
      engine: 'linux',
      workers: 2,
      started: 1767225600000,
      draining: false,
      passwordRequired: true,
      lastUserOpens: false,
      users: 2,
      listening: [
        { service: 'socks', address: '127.0.0.1:1080' },
        { service: 'control', address: '127.0.0.1:8080' },
        { service: 'control', address: 'unix:/run/user/1000/proxyd/proxyd.sock' },
      ],
      health: {
        lag: 1.4,
        loops: [{ lag: 0.8 }, { lag: 2.1 }],
        sessions: { live: 1, max: 9744 },
        descriptors: { open: 34, max: 20000 },
        memory: 71303168,
        store: { problem: null, slowest: 4.2, waiting: [] },
        near: [],
        names: { pending: 0, failed: 1, slowest: 38.5 },
      },
      sample,
    },
  },
  'users.list': { params: { limit: 1 }, result: { users: [bob], next: 'bob' } },
  'users.subscribe': { params: {}, result: {} },
  'users.unsubscribe': { params: {}, result: {} },
  'users.add': { params: { name: 'eve', password: 'gravel-tulip-93' }, result: {} },
  'users.remove': { params: { name: 'eve' }, result: { cut: 0, opened: false, stored: true } },
  'users.restore': { params: { name: 'eve' }, result: {} },
  'users.setPassword': { params: { name: 'bob', password: 'marble-otter-27' }, result: { stored: true } },
  'users.setEnabled': { params: { name: 'cid', enabled: false }, result: { cut: 0, stored: true } },
  'users.set': {
    params: { names: ['bob'], fields: { 'rate-down': '10MB/s', 'max-sources': 5, quota: '' } },
    result: {
      changed: 1,
      revision: 1,
      stored: true,
      before: {},
      after: { 'rate-down': { value: 10_000_000, from: 'user' }, 'max-sources': { value: 5, from: 'user' } },
    },
  },
  'users.resetQuota': { params: { where: 'group=staff name=b*' }, result: { reset: 0 } },
  'groups.list': {
    params: {},
    result: { groups: [{ name: 'default', limits: {}, members: 3, revision: 0 }] },
  },
  'groups.add': { params: { name: 'staff', fields: { 'rate-down': '50MB/s' } }, result: { revision: 2 } },
  'groups.set': {
    params: { name: 'staff', fields: { 'max-connections': 20, 'rate-down': '' } },
    result: { members: 0, revision: 3, stored: true, before: { 'rate-down': 50_000_000 } },
  },
  'groups.remove': { params: { name: 'staff' }, result: {} },
  'users.cut': { params: { name: 'bob' }, result: { cut: 0 } },
  'connections.list': { params: {}, result: { connections: [connection] } },
  'connections.get': {
    params: { id: 'k3fq-17' },
    result: {
      connection,
      end: null,
      timeline: [
        { state: 'negotiating', since: 1767225661518 },
        { state: 'resolving', since: 1767225661520 },
        { state: 'connecting', since: 1767225661531 },
        { state: 'open', since: 1767225661552 },
      ],
      limits: [{ setting: 'timeout-idle', value: 3_600_000 }],
    },
  },
  'connections.closed': {
    params: { limit: 1 },
    result: {
      connections: [
        {
          ...connection,
          id: 'k3fq-16',
          state: 'closing',
          opened: 1767225658211,
          up: 611,
          down: 5120,
          ended: 1767225660007,
          reason: 'finished',
        },
      ],
    },
  },
  'connections.kill': {
    params: { ids: ['k3fq-17', 'k3fq-2'] },
    result: { killed: ['k3fq-17'], missing: ['k3fq-2'] },
  },
  'connections.subscribe': { params: {}, result: {} },
  'connections.unsubscribe': { params: {}, result: {} },
  'access.list': { params: { limit: 1 }, result: { entries: [ended], next: '35122.24 17' } },
  'access.subscribe': { params: { history: 1 }, result: { entries: [ended] } },
  'access.unsubscribe': { params: {}, result: {} },
  'watches.add': { params: { name: 'big', text: 'rate>10MB/s user:bob for 30s' }, result: { watch } },
  'watches.list': { params: {}, result: { watches: [watch] } },
  'watches.subscribe': { params: {}, result: {} },
  'watches.unsubscribe': { params: {}, result: {} },
  'watches.remove': { params: { name: 'big' }, result: { text: watch.text, stored: true } },
  'nodes.list': { params: { limit: 1 }, result: { node: 'proxy-2', nodes: [node], next: 'proxy-1' } },
  'nodes.users': {
    params: {},
    result: { users: [{ name: 'bob', connections: 1, nodes: [{ node: 'proxy-1', connections: 1 }] }], silent: [] },
  },
  'nodes.drain': { params: { name: 'proxy-1' }, result: {} },
  'nodes.undrain': { params: { name: 'proxy-1' }, result: {} },
  'nodes.forget': { params: { name: 'proxy-3' }, result: {} },
  'events.list': { params: { filter: 'level:warn', limit: 1 }, result: { events: [happened] } },
  'events.subscribe': { params: { filter: '!kind:not_reached', history: 1 }, result: { events: [happened] } },
  'events.unsubscribe': { params: {}, result: {} },
  'metrics.subscribe': { params: { history: 1 }, result: { samples: [sample] } },
  'metrics.unsubscribe': { params: {}, result: {} },
  'metrics.history': {
    params: { range: '1m', user: 'bob' },
    result: {
      step: 1000,
      end: 1767225662000,
      up: [...Array.from({ length: 57 }, () => null), 0, 1024, 1186],
      down: [...Array.from({ length: 57 }, () => null), 0, 61440, 122880],
    },
  },
  'usage.list': {
    params: { by: 'user', since: 1767225600000 },
    result: {
      usage: [
        { user: 'bob', up: 1048576, down: 52428800, connections: 31 },
        { user: null, up: 1024, down: 4096, connections: 2 },
      ],
    },
  },
  'log.subscribe': { params: { level: 'warn', history: 1 }, result: { entries: [entry] } },
  'log.unsubscribe': { params: {}, result: {} },
  'config.get': { params: {}, result: { revision: 0, settings: [timeout] } },
  'config.set': {
    params: { revision: 0, patch: { 'timeout-idle': 600_000 } },
    result: { revision: 1, changed: ['timeout-idle'], warnings: [], stored: true },
  },
  'bans.list': { params: {}, result: { bans: [earnedBan, setBan] } },
  'bans.subscribe': { params: {}, result: {} },
  'bans.unsubscribe': { params: {}, result: {} },
  'bans.add': { params: { source: '198.51.100.4', seconds: 3600 }, result: { ban: setBan, stored: true } },
  'bans.remove': { params: { source: '198.51.100.4' }, result: { lifted: [setBan], stored: true } },
  'rules.list': {
    params: {},
    result: {
      revision: 1,
      rules: [
        {
          id: 1,
          place: null,
          source: 'built-in',
          text: "deny to proxyd's own sockets",
          hits: 0,
          lately: 0,
          last: null,
        },
        { id: 16, place: 1, source: 'rules', text: 'deny to *.ads.example', hits: 3, lately: 1, last: 1767225661518 },
        {
          id: 2,
          place: null,
          source: 'built-in',
          text: 'deny to special # of clients that are not on loopback',
          hits: 0,
          lately: 0,
          last: null,
        },
      ],
    },
  },
  'rules.apply': {
    params: { text: 'deny to *.ads.example\n', dryRun: true },
    result: {
      revision: 0,
      added: ['deny to *.ads.example'],
      removed: [],
      reordered: false,
      cut: 0,
      warnings: [],
      stored: true,
    },
  },
  'rules.add': {
    params: { rule: 'deny to *.ads.example', ifRevision: 0 },
    result: {
      revision: 1,
      added: ['deny to *.ads.example'],
      removed: [],
      reordered: false,
      cut: 0,
      warnings: [],
      stored: true,
    },
  },
  'rules.insert': {
    params: { rule: 'allow user:bob to *.ads.example', place: 1 },
    result: {
      revision: 2,
      added: ['allow user:bob to *.ads.example'],
      removed: [],
      reordered: false,
      cut: 0,
      warnings: [],
      stored: true,
    },
  },
  'rules.move': {
    params: { id: 16, place: 1 },
    result: { revision: 3, added: [], removed: [], reordered: true, cut: 0, warnings: [], stored: true },
  },
  'rules.remove': {
    params: { ids: [17] },
    result: {
      revision: 4,
      added: [],
      removed: ['allow user:bob to *.ads.example'],
      reordered: false,
      cut: 0,
      warnings: [],
      stored: true,
    },
  },
  'rules.test': {
    params: { user: 'bob', host: 'x.ads.example', port: 443, resolve: [] },
    result: { allowed: false, phases: [{ address: null, allowed: false, rule: 16, next: null }] },
  },
  'operators.list': { params: {}, result: { operators: [ann] } },
  'operators.add': { params: { name: 'kim', role: 'operator', password: 'velvet-anchor-58' }, result: {} },
  'operators.remove': { params: { name: 'kim' }, result: { ended: 0, stored: true } },
  'operators.setPassword': {
    params: { name: 'ann', password: 'copper-lantern-14' },
    result: { ended: 0, stored: true },
  },
  'operators.setRole': { params: { name: 'joe', role: 'operator' }, result: { ended: 0, stored: true } },
  'transfer.backup': { params: { file: '/var/backups/proxyd/monday.db' }, result: { bytes: 81920 } },
  'sessions.list': {
    params: {},
    result: {
      sessions: [
        {
          id: 3,
          name: 'ann',
          role: 'admin',
          via: 'tls',
          address: '192.0.2.7',
          since: 1767225661518,
          follows: ['metrics', 'connections'],
          own: false,
        },
      ],
    },
  },
  'sessions.cut': { params: { id: 3 }, result: { name: 'ann' } },
  'audit.list': {
    params: { since: 1767225600000, by: 'ann', limit: 1 },
    result: {
      entries: [audited],
      next: '41',
    },
  },
  'audit.subscribe': { params: { history: 1 }, result: { entries: [audited] } },
  'audit.unsubscribe': { params: {}, result: {} },
  'transfer.export': { params: { limit: 1 }, result: { users: [keptBob], next: 'bob' } },
  'transfer.import': {
    params: {
      groups: [{ name: 'staff', limits: { 'rate-down': 50_000_000 } }],
      users: [{ ...keptBob, enabled: false }],
      expected: ['staff'],
      dryRun: true,
    },
    result: {
      changes: [
        { of: 'group', name: 'staff', isNew: true, fields: {} },
        { of: 'user', name: 'bob', isNew: false, fields: { enabled: { before: true, after: false } } },
      ],
      cut: 0,
    },
  },
  'daemon.drain': { params: {}, result: {} },
  'daemon.undrain': { params: {}, result: {} },
  'daemon.reload': {
    params: {},
    result: {
      changed: [{ name: 'timeout-idle', before: '1h', after: '10m', now: true }],
      warnings: [],
      problems: [],
    },
  },
  'daemon.upgrade': { params: {}, result: { pid: 4712, version: '0.2.0', generation: 2 } },
  'daemon.shutdown': { params: {}, result: {} },
  'rpc.describe': {
    params: {},
    result: {
      methods: {
        'session.ping': {
          role: 'viewer',
          summary: "Tell the daemon's time, to see that it still answers.",
          refuses: [],
          params: { type: 'object', properties: {}, additionalProperties: false },
          result: { type: 'object', properties: { time: { type: 'number', minimum: 0 } }, required: ['time'] },
        },
      },
      events: {},
    },
  },
}

export const eventExamples: { readonly [E in EventName]: EventParams<E> } = {
  hello: {
    protocol: [1, 0],
    instance: '9b0e5f0e-4c5c-4c63-8d7b-5f0f6a6fb0a1',
    auth: ['SCRAM-SHA-256'],
    capabilities: [],
    limits,
  },
  'metrics.sample': sample,
  'users.snapshot': { seq: 0, users: [bob], last: true },
  'users.changed': {
    seq: 1,
    changed: [
      { ...bob, name: 'cid', enabled: false, connections: 0, up: 0, down: 0, use: { ...bob.use, sources: 0, used: 0 } },
    ],
    moved: [['bob', 1, 2210, 190464, 1, 192674, 0]],
    removed: ['eve'],
  },
  'users.resync': { seq: 2 },
  'connections.snapshot': { seq: 0, connections: [connection], last: true },
  'connections.changed': {
    seq: 1,
    changed: [{ ...connection, id: 'k3fq-18', state: 'connecting', up: 0, down: 0 }],
    moved: [['k3fq-17', 2210, 190464]],
    closed: ['k3fq-16'],
    missed: 3,
  },
  'connections.resync': { seq: 2 },
  'access.entries': { entries: [ended], missed: 0 },
  'watches.notices': {
    notices: [
      {
        watch: 'big',
        time: 1767225662000,
        state: 'firing',
        subject: 'bob',
        text: 'bob: 12.3 MiB/s, above 10.0 MiB/s for 30s',
      },
    ],
    missed: 0,
  },
  'bans.snapshot': { seq: 0, bans: [earnedBan, setBan], last: true },
  'bans.changed': { seq: 1, changed: [setBan], removed: [earnedBan.source] },
  'bans.resync': { seq: 2 },
  'audit.entries': { entries: [audited], missed: 0 },
  'events.entries': { events: [happened], missed: 0 },
  'log.entries': { entries: [entry], lost: 0 },
  goodbye: { reason: 'the daemon ends' },
}
