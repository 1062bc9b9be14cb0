import { formatBytes } from '../format/bytes.ts'
import { safeJson } from '../format/safe-text.ts'
import { formatDuration } from '../format/time.ts'
import type { Method, Params, Result } from '../protocol/methods.ts'
import { UsageError } from './usage-error.ts'
import { type Table, verb } from './verb.ts'

export const daemonVerbs = {
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
        const { name, role, via } = await call('session.whoami', {})
        return { data: { name, role, via }, view: `${name}, ${role}, via ${via}` }
      },
  }),
  drain: verb({
    arguments: '',
    role: 'operator',
    destroys: true,
    summary: 'refuse new clients; end when the live ones have gone',
    prepare:
      () =>
      async ({ call }) => {
        await call('daemon.drain', {})
        return { data: {}, view: 'draining: no new clients, and the daemon ends when the live ones have' }
      },
  }),
  shutdown: verb({
    arguments: '',
    role: 'admin',
    destroys: true,
    summary: 'end the daemon and every connection now',
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

function statusTable(status: Result<'status.get'>): Table {
  const { sample } = status
  const failed = sample.denied > 0 ? `${sample.failed}, ${sample.denied} of them at the password` : `${sample.failed}`
  return {
    rows: [
      ['version', status.version],
      ['pid', String(status.pid)],
      ['engine', status.engine === 'linux' ? `linux, workers: ${status.workers}` : status.engine],
      ['uptime', formatDuration(sample.time - status.started)],
      ['draining', status.draining ? 'yes' : 'no'],
      ['password', status.passwordRequired ? 'required' : 'not required'],
      ['users', String(status.users)],
      ['connections', String(sample.connections)],
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
