import { formatBytes } from '../format/bytes.ts'
import { counted } from '../format/count.ts'
import { safeJson } from '../format/safe-text.ts'
import { formatDuration } from '../format/time.ts'
import { formatLimit } from '../limits.ts'
import type { Health, Method, Params, Result } from '../protocol/methods.ts'
import { UsageError } from './usage.ts'
import { type Known, type Table, verb } from './verb.ts'

export const daemonVerbs = {
  health: verb({
    arguments: '',
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
    summary: 'tell who this connection is logged in as, and how',
    prepare:
      () =>
      async ({ call }) => {
        const { name, role, via, readOnly, generation } = await call('session.whoami', {})
        return {
          data: { name, role, via, ...(readOnly && { readOnly }), ...(generation && { generation }) },
          view: `${name}, ${role}, via ${via}${readOnly ? ', read-only' : ''}${generation ? `, generation ${generation}` : ''}`,
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
    summary: 'read config file, certificates and lists again',
    prepare:
      () =>
      async ({ call }) => {
        const result = await call('daemon.reload', {})
        const { changed, warnings, problems } = result
        const rows = changed.map(({ name, before, after, now }) => [
          name,
          before === undefined ? 'another one' : `${before} -> ${after}`,
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
        return { data: successor, view: `proxyd ${version} serves, pid ${pid}, generation ${generation}` }
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
  const { sample } = status
  const failed = sample.denied > 0 ? `${sample.failed}, ${sample.denied} of them at the password` : `${sample.failed}`
  return {
    rows: [
      ['version', status.version],
      ['pid', String(status.pid)],
      ...(status.generation === undefined ? [] : [['generation', String(status.generation)]]),
      ['engine', status.engine === 'linux' ? `linux, ${counted(status.workers, 'thread')}` : status.engine],
      ['uptime', formatDuration(sample.time - status.started)],
      ['draining', status.draining ? 'yes' : 'no'],
      ['password', status.passwordRequired ? 'required' : 'not required'],
      ['users', String(status.users)],
      ...(status.health.fleet ? [['fleet', fleetText(status.health.fleet)]] : []),
      ['connections', String(sample.connections)],
      ...(status.before ? [['before upgrade', `${counted(status.before, 'connection')}, served to their end`]] : []),
      ['accepted', String(sample.accepted)],
      ['connected', String(sample.connected)],
      ['failed', failed],
      ['up', formatBytes(sample.up)],
      ['down', formatBytes(sample.down)],
      ...status.listening.map(({ service, address }) => ['listening', `${service} ${address}`]),
    ],
  }
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

function healthTable(health: Health, generation = 1): Table {
  const { lag, loops, sessions, descriptors, memory, store, names } = health
  const { accessLog, near = [], openMetrics = [], balancers = [], trusted = [], webhook, fleet } = health
  return {
    rows: [
      ['main thread', `late by ${milliseconds(lag)} at worst in the last 10 s`],
      ...loops.map(({ lag, restarts = 0 }, at) => [
        `thread ${at + 1}`,
        `${milliseconds(lag)} its longest turn in the last 10 s${restarts > 0 ? `; died ${counted(restarts, 'time')}` : ''}`,
      ]),
      ['connections', sessionsText(sessions)],
      ['descriptors', `${descriptors.open} of at most ${descriptors.max}`],
      ['memory', formatBytes(memory)],
      ['store', store.problem ?? `works, ${milliseconds(store.slowest)} the slowest change of the last minute`],
      ...(fleet ? [['fleet', fleetText(fleet)]] : []),
      ...(accessLog ? [['access log', accessLogText(accessLog)]] : []),
      ...openMetrics.map((address) => ['metrics', `whoever reaches ${address} can read them`]),
      ...balancers.map((from) => ['balancer', `SOCKS is for connections from ${from} with a PROXY header`]),
      ...trusted.map((from) => ['trusted', `clients from ${from.replace('=', ', as ')}: without a password`]),
      ...(webhook ? [['webhook', webhookText(webhook)]] : []),
      ...(store.waiting ?? []).map((what) => ['not stored yet', what]),
      ...near.map(({ user, limit, used, most }) => [
        'near a limit',
        `${user}: ${limit} ${formatLimit(limit, most)}, ${limit === 'quota' ? formatBytes(used) : used} used`,
      ]),
      [
        'names',
        `${names.pending} being looked up; in the last minute ${names.failed} failed, ${milliseconds(names.slowest)} the slowest`,
      ],
      ...(generation > 1 ? [['upgraded', `in place, ${counted(generation - 1, 'time')}`]] : []),
    ],
  }
}

function sessionsText({ live, max, shed = 0 }: Health['sessions']): string {
  return `${live} of at most ${max}${shed > 0 ? `; ${counted(shed, 'client')} reset for want of room` : ''}`
}

function fleetText({ node, nodes, gone, problem, lag, behind }: NonNullable<Health['fleet']>): string {
  const missing = gone > 0 ? `, ${gone} gone` : ''
  const store =
    problem === null ? 'the store answers' : `what others change is not known since ${formatDuration(lag)}: ${problem}`
  const apart = behind.length > 0 ? `; ${behind.join(', ')} of others do not act here: see the log` : ''
  return `${node}, one of ${counted(nodes, 'node')}${missing}; ${store}${apart}`
}

function accessLogText({ problem, dropped }: NonNullable<Health['accessLog']>): string {
  const missing = dropped === 0 ? 'nothing is missing' : `${counted(dropped, 'connection')} missing`
  return `${problem ?? 'works'}, ${missing}`
}

function webhookText({ problem, missed }: NonNullable<Health['webhook']>): string {
  const missing = missed === 0 ? 'all was told' : `${counted(missed, 'notice')} not told`
  return `${problem ?? 'works'}, ${missing}`
}

function milliseconds(value: number): string {
  return `${Math.round(value * 10) / 10} ms`
}
