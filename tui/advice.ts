import type { ConnectionError, ConnectionErrorCode } from './client/index.ts'

/** What to do when a daemon is not reached or does not let us in, for whoever can choose our flags. */
const mends: Readonly<Partial<Record<ConnectionErrorCode, string>>> = {
  unreachable: 'start it, or tell where it is with --host or --socket',
  busy: 'try again when another client has gone',
  not_proxyd: 'is it the right --port? Management is on 8080, with TLS on 8443, unless told otherwise',
  version: "use the proxy-tui of the daemon's release",
  insecure_plaintext: 'use --tls and --operator NAME, or --insecure-plaintext where the way is safe',
  tls_needed: 'use --tls and --operator NAME',
  tls_untrusted: '--ca FILE gives it',
  tls_wrong_name: '--tls-name NAME tells whose it is, if you know that',
  tls_client_certificate: '--cert FILE and --key FILE give them',
  password: "an admin can set a new one with 'passwdoperator'",
  cookie_missing: 'name it with --cookie-file or --runtime-dir; where you have none, log in with --operator NAME',
  cookie_stale: 'name the right one with --cookie-file or --runtime-dir',
  socket_untrusted: 'name the right one with --runtime-dir or --socket',
  impostor: 'do not trust what answers there',
}

/** Why there is no connection, and what to do about it where that is known. */
export function withMend(error: ConnectionError): string {
  const mend = mends[error.code]
  return mend === undefined ? error.message : `${error.message}; ${mend}`
}
