import type pg from 'pg'
import { whyNot } from '../../../shared/file-trouble.ts'
import { readFileOrPipe } from '../../../shared/whole-file.ts'
import { type ChangeMark, StoreError } from '../store.ts'
import { cancel, type Tls } from './cancel.ts'
import {
  anotherStore,
  codeOf,
  explain,
  isDistrusted,
  isLost,
  mute,
  readOnly,
  standby,
  tooSlow,
  Uncertain,
} from './errors.ts'
import { guarded } from './guarded-client.ts'
import type { Place } from './place.ts'

/** Of the authorities' file: that of a whole system has less. */
const mostBytes = 1 << 20
/** Connections of one daemon: a handful of nodes must not take all that a server has. */
const most = 4
/** Milliseconds for a connection, and for one of them to be free. */
const connectTime = 5_000
/** Milliseconds for a statement by the server's clock, its locks included, and for one about all users. */
const statementTime = 10_000
export const longStatementTime = 120_000
/** Milliseconds more by our own, should the server not answer at all. */
const answerTime = 5_000
/** Milliseconds that a connection stays for the next call. */
const idleTime = 60_000
/** Milliseconds between two tries to reach a server that is away, at first and at most. */
const firstPause = 100
const longestPause = 2_000
/** A transaction that cannot be because of what another one does is begun anew, so often. */
const mostTries = 3
/** A deadlock, a conflict of two, and what refers to a user whom another one has just removed. */
const givenUp = ['40P01', '40001', '23503']

/**
 * Where PostgreSQL looks for what is named without a schema. Up to version 14 everybody may create functions in `public`, which would be
 * taken for its own where they fit what they are called with better, and have all rights that proxyd has.
 */
export const searchPath = 'pg_catalog'

const secretOfStore = "SELECT encode(bytes, 'hex') AS secret FROM proxyd.decoy"

/** Asks with values in place of `$1`, and gives the rows. */
export type Ask = <Row>(text: string, values?: readonly unknown[]) => Promise<Row[]>

/** What a transaction has to itself until it ends, of advisory locks. */
export type Lock = 'changes' | 'usage' | 'usage of the gone' | 'schema'

/** `pg_advisory_xact_lock(8390, …)`: the number is only ours. Those who add to usage bar those who remove users, not each other. */
const locks: Readonly<Record<Lock, string>> = {
  changes: 'SELECT pg_advisory_xact_lock(8390, 1)',
  usage: 'SELECT pg_advisory_xact_lock_shared(8390, 2)',
  'usage of the gone': 'SELECT pg_advisory_xact_lock(8390, 2)',
  schema: 'SELECT pg_advisory_xact_lock(8390, 3)',
}

/**
 * A few connections to a server, made as they are needed, and again when they are lost. Nothing is kept in their sessions but the
 * search path, so that a pooler may be in between that gives each transaction another one. Rejects with a StoreError.
 */
export class Connections {
  readonly place: Place
  /** Changes that were made over them for sure, until whoever follows has passed them. */
  ownChanges: ChangeMark[] = []
  readonly #pool: pg.Pool
  readonly #tls: Tls | undefined
  /** When each was in use last. */
  readonly #used = new WeakMap<pg.PoolClient, number>()
  /** When what has had no answer was asked last: connections that nobody has used since may be as dead. */
  #unanswered = Number.NEGATIVE_INFINITY
  /** The secret that the store was made with: no other one has it. */
  #secret: string | undefined
  /** Whether it may be another store by now. */
  #isDoubted = false
  #isClosed = false
  /** While the server is away: how long to wait after a failure, until when, and what it was. */
  #pause = firstPause
  #restsUntil = 0
  #lastFailure: unknown
  /** Connections over which something is asked just now. */
  #inUse = 0

  private constructor(place: Place, pool: pg.Pool, tls: Tls | undefined) {
    this.place = place
    this.#pool = pool
    this.#tls = tls
    // Of connections that nobody uses; the next call makes another one.
    pool.on('error', ignore)
  }

  /** `password` is asked for with each connection, so that it may change meanwhile. */
  static async open(place: Place, password: () => Promise<string>): Promise<Connections> {
    const { host, port, user, database, tls } = place
    const secured: Tls | undefined = tls && { rejectUnauthorized: true, ...(await authoritiesOf(tls)) }
    const mustProve = place.isDoubtful && (await password()) !== ''
    const { default: client } = await import('./postgres-client.ts')
    const pool = new client.Pool({
      onConnect: async (fresh: pg.ClientBase) => {
        await fresh.query(`SET search_path = ${searchPath}`)
        // One that reads from a standby would act by what has long changed, and go on so when another server is the primary one.
        const { rows } = await fresh.query('SELECT pg_is_in_recovery() AS "isStandby"')
        if (rows[0]?.isStandby !== false) throw standby(place.called)
      },
      Client: guarded(client, place, mustProve),
      ...{ host, port, user, database, password, types: numbersFor(client) },
      ssl: secured ?? false,
      max: most,
      idleTimeoutMillis: idleTime,
      connectionTimeoutMillis: connectTime,
      query_timeout: statementTime + answerTime,
      keepAlive: true,
      keepAliveInitialDelayMillis: 10_000,
      application_name: 'proxyd',
    })
    return new Connections(place, pool, secured)
  }

  /** One statement, which is a transaction of its own, and does no harm twice. */
  readonly ask: Ask = <Row>(text: string, values: readonly unknown[] = []) =>
    this.#with((client) => rowsOf<Row>(client, text, values), isLost)

  /** All that `work` asks, or none of it; `work` may be done again. `time`: milliseconds for each statement. */
  async change<Result>(
    held: readonly Lock[],
    work: (ask: Ask) => Promise<Result>,
    time = statementTime,
  ): Promise<Result> {
    for (let tries = 1; ; tries++) {
      try {
        return await this.#with(
          (client) => transact(client, held, work, time),
          (error) => error instanceof NotBegun && isLost(error.cause),
        )
      } catch (error) {
        if (!(error instanceof GivenUp) || tries === mostTries) throw this.#explained(error)
      }
    }
  }

  /** Takes the store that is there for the one that it is to be from now on. */
  async identify(): Promise<void> {
    // In a transaction, so that one who starts hears of a pooler that has none.
    const [row] = await this.change([], (ask) => ask<{ secret: string }>(secretOfStore))
    this.#secret = row?.secret
  }

  /**
   * Rejects with a StoreError if another store has come in the place of the one that it was: one that was made anew, or another fleet's
   * behind the same name. So does from then on all that is asked of it, until that one is back.
   */
  async recognize(): Promise<void> {
    this.#isDoubted = true
    await this.ask('SELECT')
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    await this.#pool.end()
  }

  /**
   * Another connection is taken where one is lost that was there before: it may have been so while nobody used it. Not behind one over
   * which no answer came, for whoever asks has waited for long enough.
   */
  async #with<Result>(
    work: (client: pg.PoolClient) => Promise<Result>,
    mayRepeat: (error: unknown) => boolean,
  ): Promise<Result> {
    for (;;) {
      const client = await this.#connect()
      const isFresh = !this.#used.has(client)
      const asked = performance.now()
      let isLostNow = false
      let cancelled: Promise<void> | undefined
      try {
        if (this.#isDoubted) await this.#compareSecret(client)
        return await work(client)
      } catch (error) {
        const cause = error instanceof NotBegun ? error.cause : error
        // Behind the same name another server may be the primary one by now.
        isLostNow = isLost(cause) || codeOf(cause) === readOnly
        const isSilent = isSilence(cause)
        if (isSilent) {
          this.#unanswered = asked
          // A pooler knows what to give up for as long as it has the connection.
          cancelled = cancel(this.place, this.#tls, client)
        }
        if (isFresh || isSilent || !mayRepeat(error)) throw error instanceof GivenUp ? error : this.#explained(error)
      } finally {
        this.#inUse--
        this.#used.set(client, performance.now())
        if (cancelled) void cancelled.then(() => client.release(true))
        else client.release(isLostNow)
      }
    }
  }

  async #compareSecret(client: pg.PoolClient): Promise<void> {
    const [row] = await rowsOf<{ secret: string }>(client, secretOfStore)
    if (row?.secret !== this.#secret) throw anotherStore(this.place.called)
    this.#isDoubted = false
  }

  /** Their file may have come to be another one since it was read. */
  async #renewAuthorities(): Promise<void> {
    const { tls } = this.place
    if (tls && this.#tls) Object.assign(this.#tls, await authoritiesOf(tls).catch(() => {}))
  }

  #explained(error: unknown): Error {
    return explain(this.place, error instanceof NotBegun || error instanceof GivenUp ? error.cause : error)
  }

  /** As long as the server is away, most calls are told so at once, and few ask it. */
  async #connect(): Promise<pg.PoolClient> {
    if (this.#isClosed) throw new StoreError('failed', `${this.place.called} is closed`)
    if (this.#pool.idleCount === 0 && performance.now() < this.#restsUntil) throw this.#explained(this.#lastFailure)
    try {
      for (;;) {
        const client = await this.#pool.connect()
        if ((this.#used.get(client) ?? Number.POSITIVE_INFINITY) < this.#unanswered) {
          client.release(true)
          continue
        }
        this.#pause = firstPause
        this.#restsUntil = 0
        this.#inUse++
        return client
      }
    } catch (error) {
      if (this.#inUse === most) throw tooSlow(this.place.called, `${most} questions at once wait for an answer`)
      this.#lastFailure = isSilence(error) ? mute(this.place.called, most) : error
      this.#restsUntil = performance.now() + this.#pause * (0.5 + Math.random())
      this.#pause = Math.min(longestPause, this.#pause * 2)
      if (isDistrusted(error)) await this.#renewAuthorities()
      throw this.#explained(this.#lastFailure)
    }
  }
}

/** Whether it is what the package says of a query whose answer does not come. */
function isSilence(error: unknown): boolean {
  return error instanceof Error && error.message === 'Query read timeout'
}

/** A transaction that never began. */
class NotBegun extends Error {}

/** A transaction that PostgreSQL has given up because of another one. */
class GivenUp extends Error {}

function ignore(): void {}

/** int8 as numbers: all that are kept are below 2^53. */
function numbersFor({ types }: typeof pg): pg.CustomTypesConfig {
  return { getTypeParser: (oid, format) => (oid === types.builtins.INT8 ? Number : types.getTypeParser(oid, format)) }
}

async function transact<Result>(
  client: pg.PoolClient,
  held: readonly Lock[],
  work: (ask: Ask) => Promise<Result>,
  time: number,
): Promise<Result> {
  await begin(client, held, time)
  let result: Result
  try {
    result = await work((text, values) => rowsOf(client, text, values, time))
  } catch (error) {
    await rollBack(client, error)
    throw isGivenUp(error) ? new GivenUp('given up', { cause: error }) : error
  }
  await commit(client)
  return result
}

/** The locks come before the first statement, so that this sees what those have done who had them before. */
async function begin(client: pg.PoolClient, held: readonly Lock[], time: number): Promise<void> {
  const limits = [`statement_timeout = ${time}`, `idle_in_transaction_session_timeout = ${statementTime}`]
  const statements = [
    'BEGIN ISOLATION LEVEL READ COMMITTED',
    ...limits.map((limit) => `SET LOCAL ${limit}`),
    ...held.map((lock) => locks[lock]),
  ]
  try {
    await client.query(statements.join('; '))
  } catch (error) {
    await rollBack(client, error)
    throw new NotBegun('not begun', { cause: error })
  }
}

/** Of one that is lost, the server does so by itself; so it does where it does not say that it has, once the connection is given up. */
async function rollBack(client: pg.PoolClient, error: unknown): Promise<void> {
  if (!isLost(error)) await client.query('ROLLBACK').catch(() => void (client as unknown as pg.Client).end())
}

async function commit(client: pg.PoolClient): Promise<void> {
  try {
    await client.query('COMMIT')
  } catch (error) {
    if (isGivenUp(error)) throw new GivenUp('given up', { cause: error })
    throw isLost(error) ? new Uncertain(error instanceof Error ? error.message : String(error)) : error
  }
}

function isGivenUp(error: unknown): boolean {
  return givenUp.includes(codeOf(error))
}

async function rowsOf<Row>(
  client: pg.PoolClient,
  text: string,
  values: readonly unknown[] = [],
  time = statementTime,
): Promise<Row[]> {
  // That a query may have a time of its own the package's types do not tell.
  const query = { text, values: [...values], query_timeout: time + answerTime }
  const { rows } = await client.query(query)
  return rows as Row[]
}

async function authoritiesOf({ ca }: NonNullable<Place['tls']>): Promise<Pick<Tls, 'ca'>> {
  if (ca === undefined) return {}
  try {
    return { ca: (await readFileOrPipe(ca, mostBytes)).toString('utf8') }
  } catch (error) {
    const why = whyNot(error, ca, 'name another with sslrootcert in --store')
    throw new StoreError('failed', `cannot read ${ca}: ${why}`)
  }
}
