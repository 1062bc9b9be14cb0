import { formatBytes } from '../format/bytes.ts'
import { counted } from '../format/count.ts'
import { safeJson } from '../format/safe-text.ts'
import { formatDuration } from '../format/time.ts'
import { shown, unknown } from '../format/unknown.ts'
import { formatLimit, isLimit } from '../limits.ts'
import type { Health, Method, Params, Result } from '../protocol/methods.ts'
import { UsageError } from './usage.ts'
import { type Known, type Table, verb } from './verb.ts'

export const daemonVerbs = {
  health: verb({
    arguments: '',
    lenient: true,
    summary: 'tell what is scarce, what is slow and what fails',
    prepare:
      () =>
      async ({ call }) => {
        const { health, generation } = await call('status.get', {})
        return { data: health, view: healthTable(health, generation) }
      },
  }),
  stats: verb({
    arguments: '',
    lenient: true,
    summary: 'tell what the daemon is and how it does',
    prepare:
      () =>
      async ({ call }) => {
        const status = await call('status.get', {})
        return { data: status, view: statusTable(status) }
      },
  }),
  whoami: verb({
    arguments: '',
    lenient: true,
    summary: 'tell who this connection is logged in as, and how',
    prepare:
      () =>
      async ({ call }) => {
        const { name, role, via, readOnly, generation } = await call('session.whoami', {})
        return {
          data: { name, role, via, ...(readOnly && { readOnly }), ...(generation && { generation }) },
          view: `${shown(name)}, ${shown(role)}, via ${shown(via)}${readOnly ? ', read-only' : ''}${generation ? `, generation ${generation}` : ''}`,
        }
      },
  }),
  drain: verb({
    arguments: '',
    role: 'operator',
    logged: true,
    summary: 'refuse new clients; end when the live ones have gone',
    ask: (_values, _flags, known) => ({
      question: 'Drain the daemon?',
      facts: [`It refuses new clients, and ends when ${liveConnections(known)} have ended.`],
      yes: 'Drain',
    }),
    prepare:
      () =>
      async ({ call }) => {
        await call('daemon.drain', {})
        return {
          data: {},
          view: 'draining: no new clients, and the daemon ends when the live ones have, unless you say undrain before',
        }
      },
  }),
  undrain: verb({
    arguments: '',
    role: 'operator',
    logged: true,
    summary: 'take new clients again, before a drain has ended',
    prepare:
      () =>
      async ({ call }) => {
        await call('daemon.undrain', {})
        return { data: {}, view: 'new clients are taken again' }
      },
  }),
  reload: verb({
    arguments: '',
    role: 'admin',
    logged: true,
    lenient: true,
    summary: 'read config file, certificates and lists again',
    prepare:
      () =>
      async ({ call }) => {
        const result = await call('daemon.reload', {})
        const { changed } = result
        const [warnings, problems] = [listOf(result.warnings).map(shown), listOf(result.problems).map(shown)]
        const rows = changed.map(({ name, before, after, now }) => [
          name,
          before === undefined ? 'another one' : `${shown(before)} -> ${shown(after)}`,
          now ? 'from now on' : 'from the next restart or upgrade on',
        ])
        return {
          data: result,
          view: rows.length > 0 ? { rows } : problems.length > 0 ? '' : 'read again; no setting has changed',
          warnings,
          ...(problems.length > 0 && { problem: problems.join('; ') }),
        }
      },
  }),
  upgrade: verb({
    arguments: '',
    role: 'admin',
    logged: true,
    lenient: true,
    summary: 'have the program on the disk take over',
    ask: () => ({
      question: 'Upgrade the daemon?',
      facts: ['The program as it is on the disk now takes over; live connections go on. If it fails, nothing changes.'],
      yes: 'Upgrade',
    }),
    prepare:
      () =>
      async ({ call }) => {
        const successor = await call('daemon.upgrade', {})
        const { version, pid, generation } = successor
        return {
          data: successor,
          view: `proxyd ${shown(version)} serves, pid ${shown(pid)}, generation ${shown(generation)}`,
        }
      },
  }),
  shutdown: verb({
    arguments: '',
    role: 'admin',
    logged: true,
    summary: 'end the daemon and every connection now',
    ask: (_values, _flags, known) => ({
      question: 'End the daemon now?',
      facts: [`It ends with ${liveConnections(known)}.`],
      yes: 'End it',
    }),
    prepare:
      () =>
      async ({ call }) => {
        await call('daemon.shutdown', {})
        return { data: {}, view: 'the daemon ends' }
      },
  }),
  raw: verb({
    arguments: 'METHOD [JSON]',
    confidential: true,
    lenient: true,
    summary: 'call a protocol method with a JSON object; prints JSON',
    hints: { method_not_found: "list the methods with 'raw rpc.describe'" },
    prepare: ([method, json = '{}']) => {
      const params = parseObject(json)
      return async ({ call }) => {
        // Whether there is such a method, and whether it takes these, the daemon knows.
        const result = await call(method as Method, params as Params<Method>)
        return { data: result, view: safeJson(result) }
      }
    },
  }),
}

function liveConnections({ connections }: Known): string {
  return connections === null ? 'all connections' : counted(connections, 'live connection')
}

function statusTable(status: Result<'status.get'>): Table {
  // Of what is not there at all nothing is shown, but that the answer makes no sense.
  const { sample } = status
  const { fleet } = partOf(status.health)
  const denied = sample.denied > 0 ? `, ${sample.denied} of them at the password` : ''
  return {
    rows: [
      ['version', shown(status.version)],
      ['pid', shown(status.pid)],
      ...(status.generation === undefined ? [] : [['generation', shown(status.generation)]]),
      ['engine', status.engine === 'linux' ? `linux, ${counted(status.workers, 'thread')}` : shown(status.engine)],
      ['uptime', formatDuration(sample.time - status.started)],
      ['draining', yesOrNo(status.draining, 'yes', 'no')],
      ['password', yesOrNo(status.passwordRequired, 'required', 'not required')],
      ['users', shown(status.users)],
      ...(fleet ? [['fleet', fleetText(fleet)]] : []),
      ['connections', shown(sample.connections)],
      ...(status.before ? [['before upgrade', `${counted(status.before, 'connection')}, served to their end`]] : []),
      ['accepted', shown(sample.accepted)],
      ['connected', shown(sample.connected)],
      ['failed', shown(sample.failed) + denied],
      ['up', formatBytes(sample.up)],
      ['down', formatBytes(sample.down)],
      ...listOf(status.listening).map((socket) => {
        const { service, address } = partOf(socket)
        return ['listening', `${shown(service)} ${shown(address)}`]
      }),
    ],
  }
}

function yesOrNo(value: unknown, yes: string, no: string): string {
  return typeof value === 'boolean' ? (value ? yes : no) : unknown
}

/** What a daemon tells in place of an object: one of another version, or that lies, may leave out any of it. */
function partOf<T extends object>(value: T | undefined): Partial<T> {
  return typeof value === 'object' && value !== null ? value : {}
}

function listOf<T>(value: readonly T[] | undefined): readonly T[] {
  return Array.isArray(value) ? value : []
}

/** `JSON.parse` would repeat a piece of the text, which may hold a password, in its message. */
function parseObject(json: string): object {
  let value: unknown
  try {
    value = JSON.parse(json)
  } catch {
    throw new UsageError('the parameters are not JSON')
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new UsageError('the parameters are not a JSON object')
  }
  return value
}

function healthTable(health: Partial<Health>, generation = 1): Table {
  const { accessLog, webhook, fleet } = health
  const [descriptors, store, names] = [partOf(health.descriptors), partOf(health.store), partOf(health.names)]
  return {
    rows: [
      ['main thread', `late by ${milliseconds(health.lag)} at worst in the last 10 s`],
      ...listOf(health.loops).map((loop, at) => {
        const { lag, restarts = 0 } = partOf(loop)
        const died = restarts === 0 ? '' : `; died ${counted(restarts, 'time')}`
        return [`thread ${at + 1}`, `${milliseconds(lag)} its longest turn in the last 10 s${died}`]
      }),
      ['connections', sessionsText(partOf(health.sessions))],
      ['descriptors', `${shown(descriptors.open)} of at most ${shown(descriptors.max)}`],
      ['memory', formatBytes(Number(health.memory))],
      [
        'store',
        howItWorks(store.problem, `works, ${milliseconds(store.slowest)} the slowest change of the last minute`),
      ],
      ...(fleet ? [['fleet', fleetText(fleet)]] : []),
      ...(accessLog ? [['access log', accessLogText(accessLog)]] : []),
      ...listOf(health.openMetrics).map((address) => ['metrics', `whoever reaches ${shown(address)} can read them`]),
      ...listOf(health.balancers).map((from) => [
        'balancer',
        `SOCKS is for connections from ${shown(from)} with a PROXY header`,
      ]),
      ...listOf(health.trusted).map((from) => [
        'trusted',
        `clients from ${shown(from).replace('=', ', as ')}: without a password`,
      ]),
      ...(webhook ? [['webhook', webhookText(webhook)]] : []),
      ...listOf(store.waiting).map((what) => ['not stored yet', shown(what)]),
      ...listOf(store.damaged).map((what) => ['damaged', shown(what)]),
      ...listOf(health.near).map((one) => ['near a limit', nearText(partOf(one))]),
      [
        'names',
        `${shown(names.pending)} being looked up; in the last minute ${shown(names.failed)} failed, ` +
          `${milliseconds(names.slowest)} the slowest`,
      ],
      ...(generation > 1 ? [['upgraded', `in place, ${counted(generation - 1, 'time')}`]] : []),
    ],
  }
}

/** `problem` is null where there is none: what is not told is not known to work. */
function howItWorks(problem: string | null | undefined, well: string): string {
  return problem === null ? well : shown(problem)
}

function sessionsText({ live, max, shed = 0 }: Partial<Health['sessions']>): string {
  return `${shown(live)} of at most ${shown(max)}${shed === 0 ? '' : `; ${counted(shed, 'client')} reset for want of room`}`
}

function nearText({ user, limit, used, most }: Partial<Health['near'][number]>): string {
  const isQuota = limit === 'quota'
  const all =
    limit !== undefined && isLimit(limit) && Number.isFinite(most) ? formatLimit(limit, Number(most)) : unknown
  return `${shown(user)}: ${shown(limit)} ${all}, ${isQuota ? formatBytes(Number(used)) : shown(used)} used`
}

function fleetText({ node, nodes, gone, problem, lag, behind }: Partial<NonNullable<Health['fleet']>>): string {
  const missing = gone === 0 ? '' : `, ${shown(gone)} gone`
  const since = `what others change is not known since ${formatDuration(Number(lag))}: ${shown(problem)}`
  const store = problem === null ? 'the store answers' : since
  const late = listOf(behind).map(shown).join(', ')
  const apart = late === '' ? '' : `; ${late} of others do not act here: see the log`
  return `${shown(node)}, one of ${counted(Number(nodes), 'node')}${missing}; ${store}${apart}`
}

function accessLogText({ problem, dropped }: Partial<NonNullable<Health['accessLog']>>): string {
  const missing = dropped === 0 ? 'nothing is missing' : `${counted(Number(dropped), 'connection')} missing`
  return `${howItWorks(problem, 'works')}, ${missing}`
}

function webhookText({ problem, missed }: Partial<NonNullable<Health['webhook']>>): string {
  const missing = missed === 0 ? 'all was told' : `${counted(Number(missed), 'notice')} not told`
  return `${howItWorks(problem, 'works')}, ${missing}`
}

function milliseconds(value: number | undefined): string {
  return `${shown(Math.round(Number(value) * 10) / 10)} ms`
}
