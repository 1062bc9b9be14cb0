import { expect, it } from 'vitest'
import { explain, type Stage } from '../../tui/client/explain.ts'
import type { Target } from '../../tui/client/target.ts'

const unix: Target = { kind: 'unix', path: '/run/x.sock' }
const tcp: Target = { kind: 'tcp', host: 'far.example', port: 8080, cookieFile: '/c' }
const tls: Target = { kind: 'tls', host: 'far.example', port: 8443, operator: 'ann', password: 'x' }

/** As Node reports it. */
function fault(code: string, more: object = {}): NodeJS.ErrnoException {
  return Object.assign(new Error(`connect ${code} somewhere`), { code, errno: -1, syscall: 'connect', ...more })
}

const at = (address: string) => ({ address, port: 8080 })
const mixed = [fault('ENETUNREACH', at('2001:db8::1')), fault('ECONNREFUSED', at('192.0.2.1'))]
const alike = [fault('ECONNREFUSED', at('::1')), fault('ECONNREFUSED', at('127.0.0.1'))]

it.each<[Target, Stage, Error, code: string, text: string]>([
  [unix, 'connecting', fault('ENOENT'), 'unreachable', 'there is no socket /run/x.sock'],
  [unix, 'connecting', fault('ENOTDIR'), 'unreachable', 'there is no socket /run/x.sock'],
  [unix, 'connecting', fault('ELOOP'), 'unreachable', 'the path /run/x.sock leads round in a circle'],
  [unix, 'connecting', fault('ECONNREFUSED'), 'unreachable', 'nobody listens at /run/x.sock'],
  [unix, 'connecting', fault('ENOTSOCK'), 'unreachable', '/run/x.sock is no socket'],
  [unix, 'connecting', fault('EPROTOTYPE'), 'unreachable', '/run/x.sock is a socket of another kind'],
  [
    unix,
    'connecting',
    fault('EAGAIN'),
    'unreachable',
    'whoever listens at /run/x.sock takes no more connections just now',
  ],
  [
    ...([unix, 'connecting' as const, fault('EACCES'), 'permission'] as const),
    'this user may not connect to /run/x.sock; run this as the user that runs proxyd, or as root',
  ],
  [tcp, 'connecting', fault('ECONNREFUSED'), 'unreachable', 'nobody listens at far.example:8080'],
  [tcp, 'connecting', fault('ETIMEDOUT'), 'unreachable', 'far.example:8080 does not answer'],
  ...['EHOSTUNREACH', 'EHOSTDOWN', 'ENETUNREACH', 'ENETDOWN', 'EADDRNOTAVAIL']
    .map((code) => [tls, 'connecting', fault(code), 'unreachable', 'no way leads to far.example:8443'] as const)
    .map((row) => [...row] as [Target, Stage, Error, string, string]),
  [tcp, 'connecting', fault('EACCES'), 'unreachable', 'this user may not connect to far.example:8080'],
  [
    tcp,
    'connecting',
    fault('EPERM'),
    'unreachable',
    'this machine lets nobody connect to far.example:8080; is it a firewall?',
  ],
  [tls, 'connecting', fault('ENOTFOUND'), 'unreachable', 'there is no machine of the name far.example'],
  [tls, 'connecting', fault('EAI_AGAIN'), 'unreachable', 'nobody tells just now what address far.example has'],
  [tls, 'connecting', fault('ECONNRESET'), 'unreachable', 'far.example:8443 hung up at once'],
  [tcp, 'connecting', fault('EMFILE'), 'unreachable', 'this process has too many files open'],
  [tcp, 'connecting', fault('ENFILE'), 'unreachable', 'this machine has too many files open'],
  [tcp, 'connecting', new AggregateError(alike), 'unreachable', 'nobody listens at far.example:8080'],
  [
    ...([tcp, 'connecting' as const, new AggregateError(mixed), 'unreachable'] as const),
    'no way leads to [2001:db8::1]:8080, nobody listens at 192.0.2.1:8080',
  ],
  [tls, 'connected', fault('ECONNRESET'), 'lost', 'far.example:8443 has cut the connection'],
  [tls, 'connected', fault('EPIPE'), 'lost', 'far.example:8443 has closed the connection'],
  [tcp, 'greeted', fault('ECONNRESET'), 'lost', 'far.example:8080 has cut the connection'],
  [tcp, 'greeted', fault('EPIPE'), 'lost', 'far.example:8080 has closed the connection'],
  [tcp, 'greeted', fault('ETIMEDOUT'), 'lost', 'far.example:8080 does not answer any more'],
  [unix, 'greeted', fault('EPIPE'), 'lost', '/run/x.sock has closed the connection'],
  [tls, 'greeted', fault('ENETUNREACH'), 'lost', 'no way leads to far.example:8443 any more'],
  // What nobody has thought of, in the words of the system.
  [tcp, 'connecting', fault('EPERHAPS', { errno: -5 }), 'unreachable', 'far.example:8080: i/o error'],
])('%j, %s: %s', (target, stage, error, code, text) => {
  expect(explain(error, target, stage)).toMatchObject({ code, message: text })
})
