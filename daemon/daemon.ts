import type { Logger } from 'pino'
import { AccessError } from './access/access-error.ts'
import { loadAccounts } from './access/load-accounts.ts'
import { passwordRequired } from './access/login-policy.ts'
import { Logins } from './access/logins.ts'
import { Passwords } from './access/passwords.ts'
import { parseUserFlag, type TemporaryUser } from './access/user-flag.ts'
import { formatEndpoint } from './addresses.ts'
import type { Configuration } from './configuration.ts'
import { ListenError } from './engine/engine.ts'
import { EngineUnavailable, startEngine } from './engine/start.ts'
import { engineOptions } from './engine-options.ts'
import { Failure } from './failure.ts'
import { listenFailure } from './listening.ts'
import { RecordedMetrics } from './observe/metrics.ts'
import { UserTraffic } from './observe/user-traffic.ts'
import { mayBeOpen, refuseOpenProxy } from './open-proxy.ts'
import { Resolver } from './resolver.ts'
import { openSqliteStore } from './store/sqlite-store.ts'
import { StoreError } from './store/store.ts'

/** All of proxyd at work. */
export interface Daemon {
  readonly listening: readonly { readonly service: 'socks' | 'control'; readonly address: string }[]
  /** Refuses new clients; resolves when the last one has ended. */
  drain(): Promise<void>
  /** Ends every connection and gives everything back. */
  close(): Promise<void>
}

/** Starts every part of proxyd. Throws a `Failure` if it cannot, and then nothing stays behind. */
export async function startDaemon(configuration: Configuration, log: Logger): Promise<Daemon> {
  await using parts = new AsyncDisposableStack()
  try {
    const daemon = await assemble(configuration, log, parts)
    const owned = parts.move()
    return { ...daemon, close: () => owned.disposeAsync() }
  } catch (error) {
    throw asFailure(error)
  }
}

async function assemble(
  configuration: Configuration,
  log: Logger,
  parts: AsyncDisposableStack,
): Promise<Omit<Daemon, 'close'>> {
  const { values: settings } = configuration
  const warn = (message: string) => log.warn(message)

  const temporaryUsers = readUserFlags(settings.user)
  const store = await openSqliteStore(settings['state-dir'])
  parts.defer(() => store.close())
  const passwords = new Passwords()
  const accounts = await loadAccounts(store.users, temporaryUsers, passwords)
  refuseOpenProxy(settings, accounts.size)

  const logins = new Logins(accounts, passwords)
  const resolver = new Resolver({ timeout: settings['timeout-resolve'], warn })
  const policy = { auth: settings.auth, mayBeOpen: mayBeOpen(settings) }
  const engine = await startEngine(
    settings.engine,
    await engineOptions(configuration, { passwordRequired: passwordRequired(policy, accounts.size) }, warn),
    {
      authenticate: (username, password) => logins.authenticate(username, password),
      resolve: (name) => resolver.resolve(name),
      warn,
    },
  )
  parts.defer(() => engine.close())

  const traffic = new UserTraffic(engine.tables)
  const metrics = new RecordedMetrics(engine.tables, traffic, accounts)
  parts.defer(() => metrics.stop())
  return {
    listening: engine.listening.map((endpoint) => ({ service: 'socks', address: formatEndpoint(endpoint) })),
    drain: () => engine.drain(),
  }
}

function readUserFlags(texts: readonly string[]): TemporaryUser[] {
  try {
    return texts.map(parseUserFlag)
  } catch (error) {
    throw error instanceof AccessError ? new Failure(2, error.message) : error
  }
}

function asFailure(error: unknown): unknown {
  if (error instanceof ListenError) return listenFailure('socks', error.endpoint, error.code)
  const isMachine = error instanceof StoreError || error instanceof AccessError || error instanceof EngineUnavailable
  return isMachine ? new Failure(1, error.message) : error
}
