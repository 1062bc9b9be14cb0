/**
 * Every setting of proxyd, as one table. Flags, the config file, defaults, validation, `config.get` and the man page
 * derive from it. A setting's name is its long flag and its key in the TOML file.
 */

export type SettingValue = string | number | boolean | readonly string[]

export interface SettingShape {
  /** One letter, as in the classic `args`. */
  short?: string
  type: 'text' | 'integer' | 'choice' | 'flag' | 'list'
  default: SettingValue
  /** What stands for the value in the help. */
  placeholder?: string
  choices?: readonly string[]
  /** For an integer, both included. */
  min?: number
  max?: number
  /** For a list: how many at most. */
  most?: number
  /** Never shown by `config.get`, never logged. */
  secret?: true
  /** It can change while the daemon runs, by `config.set`. */
  runtime?: true
  summary: string
}

const port = { type: 'integer', placeholder: 'PORT', min: 0, max: 65_535 } as const
const rate = { type: 'text', default: '0', placeholder: 'RATE', runtime: true } as const
const milliseconds = { type: 'integer', placeholder: 'MS', min: 100, max: 86_400_000, runtime: true } as const

export const settings = {
  'socks-addr': {
    short: 'l',
    type: 'list',
    default: ['127.0.0.1', '::1'],
    placeholder: 'ADDR',
    most: 16,
    summary: 'address to serve SOCKS on; repeatable',
  },
  'socks-port': { ...port, short: 'p', default: 1080, summary: 'port to serve SOCKS on; 0 takes any free one' },
  'control-addr': {
    short: 'L',
    type: 'list',
    default: ['127.0.0.1', '::1'],
    placeholder: 'ADDR',
    most: 16,
    summary: 'loopback address to serve management on; repeatable',
  },
  'control-port': { ...port, short: 'P', default: 8080, summary: 'port to serve management on; 0 takes any free one' },
  'control-tls-addr': {
    type: 'list',
    default: [],
    placeholder: 'ADDR',
    most: 16,
    summary: 'address to serve management on with TLS, for named operators; repeatable',
  },
  'control-tls-port': { ...port, default: 8443, summary: 'port to serve management on with TLS; 0 takes any free one' },
  'control-tls-cert': {
    type: 'text',
    default: '',
    placeholder: 'FILE',
    summary: 'certificate chain for management with TLS, as PEM; read again on SIGHUP',
  },
  'control-tls-key': {
    type: 'text',
    default: '',
    placeholder: 'FILE',
    summary: "the certificate's key, as PEM, readable by proxyd's user only; read again on SIGHUP",
  },
  'control-tls-client-ca': {
    type: 'text',
    default: '',
    placeholder: 'FILE',
    summary: 'demand a client certificate signed by one of these authorities, as PEM; read again on SIGHUP',
  },
  'webhook-url': {
    type: 'text',
    default: '',
    placeholder: 'URL',
    secret: true,
    summary:
      'where to POST what watches tell, as JSON: https, or http on this machine; since a URL may be a secret, it is not shown',
  },
  'webhook-secret': {
    type: 'text',
    default: '',
    placeholder: 'FILE',
    summary: "file with the secret that signs what is posted (HMAC-SHA256), readable by proxyd's user only",
  },
  'control-socket-mode': {
    type: 'choice',
    default: '0600',
    choices: ['0600', '0660'],
    placeholder: 'MODE',
    summary: 'who may open the Unix socket for management: this user, or its group too',
  },
  'control-socket-group': {
    type: 'text',
    default: '',
    placeholder: 'GROUP',
    summary: "group of the Unix socket, by name or number; default: proxyd's own",
  },
  'control-socket-role': {
    type: 'choice',
    default: 'admin',
    choices: ['viewer', 'operator', 'admin'],
    placeholder: 'ROLE',
    summary: 'what whoever opens the Unix socket may do',
  },
  'metrics-addr': {
    type: 'list',
    default: [],
    placeholder: '[ADDR:]PORT',
    most: 16,
    summary:
      'serve metrics for Prometheus, /healthz and /readyz over HTTP on this port, of 127.0.0.1 unless told; repeatable. Whoever ' +
      'reaches it reads them',
  },
  'metrics-users': {
    type: 'choice',
    default: 'off',
    choices: ['off', 'listed', 'top'],
    placeholder: 'WHICH',
    summary: 'whose traffic metrics tell by name: of nobody, of each metrics-user, or of the 1000 busiest',
  },
  'metrics-user': {
    type: 'list',
    default: [],
    placeholder: 'NAME',
    most: 1000,
    summary: 'user whose traffic metrics tell if metrics-users is listed; repeatable',
  },
  user: {
    short: 'u',
    type: 'list',
    default: [],
    placeholder: 'NAME:PASS',
    most: 10,
    secret: true,
    summary:
      'a user for this run only; repeatable. For trials: everyone on this machine can read a command line, ' +
      "so add lasting users with proxy-tui --exec 'adduser NAME'",
  },
  auth: {
    type: 'choice',
    default: 'auto',
    choices: ['auto', 'required', 'none'],
    placeholder: 'WHEN',
    runtime: true,
    summary: 'when clients must log in; auto: as soon as there is a user',
  },
  protocols: {
    type: 'list',
    default: ['socks5', 'socks4', 'http'],
    choices: ['socks5', 'socks4', 'http'],
    placeholder: 'PROTOCOL,…',
    most: 3,
    runtime: true,
    summary:
      'what clients may speak, all of it at the one port: socks4 includes 4A, and http is CONNECT and requests for http://. ' +
      'Whoever speaks anything else is let go without a word; live connections stay until they are cut',
  },
  'trusted-from': {
    type: 'list',
    default: [],
    placeholder: 'NET[=USER],…',
    most: 64,
    runtime: true,
    summary:
      'address or network whose clients need no password, such as browsers on a LAN; they count as that user, or as nobody; ' +
      'the first that fits counts',
  },
  commands: {
    type: 'list',
    default: ['connect', 'bind', 'udp-associate'],
    placeholder: 'COMMAND',
    most: 3,
    runtime: true,
    summary:
      'what clients may ask for: connect, bind, udp-associate; repeatable. Anything else gets REP 07; live connections stay ' +
      'until they are cut',
  },
  'udp-advertise': {
    type: 'list',
    default: [],
    placeholder: 'ADDR',
    most: 2,
    runtime: true,
    summary: 'address that clients are told to send datagrams to, where NAT hides the real one; one per family',
  },
  'udp-port-required': {
    type: 'flag',
    default: false,
    runtime: true,
    summary:
      'refuse (REP 02) associations whose clients do not declare the port that they send from: without it, an association ' +
      "belongs to whatever sends first from its client's address",
  },
  'proxy-protocol-from': {
    type: 'list',
    default: [],
    placeholder: 'NET',
    most: 64,
    summary:
      'load balancer, by address or network, that passes on the connections of others to SOCKS and says whose each is (PROXY ' +
      'protocol); nobody else may connect there then; repeatable',
  },
  forward: {
    type: 'list',
    default: [],
    placeholder: '[ADDR:]PORT=HOST:PORT',
    most: 64,
    summary:
      'connect whoever comes to this port, on 127.0.0.1 unless told, to this destination, always without a password; repeatable',
  },
  dns: {
    type: 'list',
    default: [],
    placeholder: 'ADDR[:PORT]',
    most: 8,
    summary:
      "server to ask for names, in place of the system's resolver and its hosts file; localhost stays this machine; repeatable",
  },
  'ban-exempt': {
    type: 'list',
    default: ['127.0.0.0/8', '::1'],
    placeholder: 'NET',
    most: 64,
    runtime: true,
    summary: 'address or network that is never kept out, whatever its clients do; repeatable',
  },
  'open-proxy': {
    type: 'flag',
    default: false,
    runtime: true,
    summary: 'serve SOCKS to other machines without a password',
  },
  engine: {
    type: 'choice',
    default: 'auto',
    choices: ['auto', 'linux', 'portable'],
    placeholder: 'NAME',
    summary: 'the data plane: linux (epoll), portable (node:net), or auto: linux where it loads',
  },
  workers: {
    type: 'integer',
    default: 0,
    placeholder: 'N',
    min: 0,
    max: 64,
    summary: 'threads of the linux engine; 0: one per core, at most 4',
  },
  backlog: {
    type: 'integer',
    default: 4096,
    placeholder: 'N',
    min: 1,
    max: 65_535,
    summary: 'clients that may wait in the kernel to be accepted, per listening socket',
  },
  'max-connections': {
    type: 'integer',
    default: 65_536,
    placeholder: 'N',
    min: 1,
    max: 1_000_000,
    runtime: true,
    summary: 'clients served at once; more wait in the kernel. The descriptor limit may lower it',
  },
  'max-connections-source': {
    type: 'integer',
    default: 0,
    placeholder: 'N',
    min: 0,
    max: 1_000_000,
    runtime: true,
    summary: 'connections at once from one address, of IPv6 from one network of 64 bits; 0: as many as there are',
  },
  'connect-rate-source': {
    type: 'integer',
    default: 0,
    placeholder: 'N',
    min: 0,
    max: 1_000_000,
    runtime: true,
    summary: 'connections a second from one address, of IPv6 from one network of 64 bits; 0: any number',
  },
  'rate-down': { ...rate, summary: 'to all clients together, such as 80Mbit/s or 10MB/s; 0: any rate' },
  'rate-up': { ...rate, summary: 'from all clients together, such as 80Mbit/s or 10MB/s; 0: any rate' },
  'rate-down-source': {
    ...rate,
    summary: 'to the clients of one address, of IPv6 of one network of 64 bits; 0: any rate',
  },
  'rate-up-source': {
    ...rate,
    summary: 'from the clients of one address, of IPv6 of one network of 64 bits; 0: any rate',
  },
  'timeout-negotiation': {
    ...milliseconds,
    default: 10_000,
    summary: 'from accept to a whole request, login included',
  },
  'timeout-resolve': { ...milliseconds, default: 10_000, summary: "for a name's addresses" },
  'timeout-connect': {
    ...milliseconds,
    default: 15_000,
    summary: 'to reach a destination, all its addresses together',
  },
  'timeout-bind': { ...milliseconds, default: 120_000, summary: 'for the connection that a BIND waits for' },
  'timeout-idle': { ...milliseconds, default: 3_600_000, summary: 'without a byte either way' },
  'timeout-half-closed': {
    ...milliseconds,
    default: 120_000,
    summary: 'without a byte, once one side has finished sending',
  },
  'timeout-udp': {
    ...milliseconds,
    default: 300_000,
    summary: 'for an association without a datagram from its client, whatever its targets send',
  },
  'timeout-drain': {
    ...milliseconds,
    min: 0,
    default: 10_000,
    summary: 'for live connections to end after SIGTERM, SIGINT or a drain',
  },
  'timeout-upgrade': {
    ...milliseconds,
    default: 60_000,
    summary: 'for a successor to serve, from the beginning of an upgrade on',
  },
  'upgrade-drain': {
    ...milliseconds,
    min: 0,
    default: 86_400_000,
    summary: 'for live connections to end once a successor serves',
  },
  'tcp-keepalive': {
    type: 'integer',
    default: 0,
    placeholder: 'S',
    min: 0,
    max: 32_767,
    runtime: true,
    summary: 'silence after which the other end is asked whether it lives; 0: never',
  },
  'tcp-user-timeout': {
    type: 'integer',
    default: 0,
    placeholder: 'MS',
    min: 0,
    max: 86_400_000,
    runtime: true,
    summary: "for sent bytes to be acknowledged, also by one who just does not read; 0: the system's own patience",
  },
  'state-dir': {
    type: 'text',
    default: '',
    placeholder: 'DIR',
    summary:
      'where users, operators and what config.set says are kept; default $XDG_STATE_HOME/proxyd, for root /var/lib/proxyd',
  },
  'runtime-dir': {
    type: 'text',
    default: '',
    placeholder: 'DIR',
    summary: 'where the cookie and the Unix socket lie; default $XDG_RUNTIME_DIR/proxyd, for root /run/proxyd',
  },
  store: {
    type: 'text',
    default: '',
    placeholder: 'postgres://USER@HOST/DATABASE',
    summary:
      'a PostgreSQL in place of the store in state-dir, for all proxyd that name it to share, made ready by --migrate once; with TLS ' +
      "unless it is on this machine or the URL ends with '?sslmode=disable', by the authorities of '?sslrootcert=FILE' if it says so",
  },
  'store-password-file': {
    type: 'text',
    default: '',
    placeholder: 'FILE',
    summary: "file with the password for that, readable by proxyd's user only; read with each connection",
  },
  node: {
    type: 'text',
    default: '',
    placeholder: 'NAME',
    summary: "this proxyd's name among those that share a store, of no other one; default: the name of the host",
  },
  'fleet-degraded': {
    type: 'choice',
    default: 'limit',
    choices: ['limit', 'serve', 'refuse'],
    placeholder: 'HOW',
    runtime: true,
    summary:
      'of a fleet whose store has been away for a minute: limit gives users what they had last, serve all that their limits say on each node, refuse no new connection',
  },
  'log-level': {
    type: 'choice',
    default: 'info',
    choices: ['error', 'warn', 'info', 'debug'],
    placeholder: 'LEVEL',
    runtime: true,
    summary: 'how much goes to stderr',
  },
  'access-log': {
    type: 'text',
    default: 'off',
    placeholder: 'FILE',
    runtime: true,
    summary: 'write down in this file how each connection ended; -: on stdout, off: nowhere. Opened again on SIGHUP',
  },
  'access-log-format': {
    type: 'choice',
    default: 'json',
    choices: ['json', 'text'],
    placeholder: 'FORMAT',
    runtime: true,
    summary: 'how a line of it is written: as a JSON object, or for people',
  },
  'access-log-events': {
    type: 'list',
    default: ['end'],
    placeholder: 'EVENT',
    most: 3,
    runtime: true,
    summary:
      'what is told: end, start (of a connection that has reached its destination), alive (as long as it lives); repeatable',
  },
  'access-log-alive': {
    ...milliseconds,
    min: 1000,
    default: 900_000,
    summary: 'between two lines that tell that a connection is alive',
  },
  'access-log-mask': {
    type: 'choice',
    default: 'none',
    choices: ['none', 'net', 'full'],
    placeholder: 'HOW',
    runtime: true,
    summary: "what is told of clients' addresses: all, their networks (/24, of IPv6 /48), or nothing",
  },
  'access-log-names': {
    type: 'choice',
    default: 'on',
    choices: ['on', 'off'],
    placeholder: 'WHETHER',
    runtime: true,
    summary: 'whether the names that clients asked for are told',
  },
  'access-log-size': {
    type: 'text',
    default: '100MB',
    placeholder: 'SIZE',
    runtime: true,
    summary: 'how long the file may become before it is moved to FILE.1, and that to FILE.2; 0: for others to see to',
  },
  'access-log-count': {
    type: 'integer',
    default: 9,
    placeholder: 'N',
    min: 0,
    max: 999,
    runtime: true,
    summary: 'how many older files are kept',
  },
} as const satisfies Record<string, SettingShape>

export type SettingName = keyof typeof settings

/** Whether this proxyd has a setting of that name. */
export function isSetting(name: string): name is SettingName {
  return Object.hasOwn(settings, name)
}

type ValueOf<S extends SettingShape> = S['type'] extends 'integer'
  ? number
  : S['type'] extends 'flag'
    ? boolean
    : S['type'] extends 'list'
      ? readonly string[]
      : S['choices'] extends readonly string[]
        ? S['choices'][number]
        : string

/** A value for every setting. */
export type Settings = { -readonly [Name in SettingName]: ValueOf<(typeof settings)[Name]> }
