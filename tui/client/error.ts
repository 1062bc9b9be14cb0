/**
 * Each way in which a connection can fail to come about or end (`code`), and of what kind that is. The kind decides
 * whether it is worth trying again.
 */
const kinds = {
  /** No place can be like that: its port, its name or its path is none. */
  invalid_target: 'call',
  /** It is on another machine, and was to be reached without TLS. */
  insecure_plaintext: 'call',
  /** A file with an authority, a certificate or a key cannot be used. */
  tls_file: 'call',
  /** Nobody listens there, or no way leads there. */
  unreachable: 'unreachable',
  /** The daemon has as many management clients as it allows. */
  busy: 'unreachable',
  /** No answer in time. */
  timeout: 'timeout',
  /** The daemon or the network ended the connection. */
  lost: 'lost',
  /** The connection stands, but the daemon has not answered for a while. */
  silent: 'lost',
  /** It was ended at this end. */
  closed: 'closed',
  /** Something else answers. */
  not_proxyd: 'protocol',
  /** A proxyd of another protocol version. */
  version: 'protocol',
  /** What the daemon answered is wrong, as `ConnectOptions.judge` says. If that was after the login, the connection goes on. */
  malformed: 'protocol',
  /** The port takes connections with TLS only. */
  tls_needed: 'tls',
  /** The port takes connections without TLS only. */
  tls_missing: 'tls',
  /** No authority that we trust has signed the certificate; it may be self-signed. */
  tls_untrusted: 'tls',
  /** The certificate is that of another name. */
  tls_wrong_name: 'tls',
  /** The certificate is not valid any longer, or not yet. */
  tls_expired: 'tls',
  /** The daemon demands a certificate of ours, and does not accept what it was given. */
  tls_client_certificate: 'tls',
  /** Any other trouble with TLS. */
  tls_failed: 'tls',
  /** No such operator, or a wrong password: the daemon does not tell which. */
  password: 'login',
  /** Nobody gave a password. */
  no_password: 'login',
  /** Too many logins from this address have failed; wait a minute. */
  rate_limited: 'login',
  /** There is no such cookie file. */
  cookie_missing: 'login',
  /** The cookie file may not be read, others may read it, or it does not hold a cookie. */
  cookie_unusable: 'login',
  /** The cookie is of an earlier start of the daemon, or of another daemon. */
  cookie_stale: 'login',
  /** The Unix socket is for others. */
  permission: 'login',
  /** Somebody else can have put the Unix socket there. */
  socket_untrusted: 'login',
  /** What answers does not know the secret, so it is not the daemon that was meant. */
  impostor: 'login',
} as const

export type ConnectionErrorCode = keyof typeof kinds
export type ConnectionErrorKind = (typeof kinds)[ConnectionErrorCode]

/** Why a daemon could not be reached, or was lost. The message is one line for people; programs look at `code`. */
export class ConnectionError extends Error {
  readonly code: ConnectionErrorCode
  readonly kind: ConnectionErrorKind

  constructor(code: ConnectionErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.name = 'ConnectionError'
    this.code = code
    this.kind = kinds[code]
  }
}
