import type { EventEmitter } from 'node:events'
import type { Duplex } from 'node:stream'
import type pg from 'pg'
import { StoreError } from '../store.ts'
import { Unintelligible } from './errors.ts'
import type { Place } from './place.ts'

/** What the package's clients have below them, by its events the messages of the server. */
interface Wire extends EventEmitter {
  attachListeners(stream: Duplex): void
}

/** How a server may have the password proved that it knows it as well (SCRAM), by the messages of the package. */
const proof = 'authenticationSASLFinal'
/** What a server asks for, or says, that proves nothing. */
const unproved = ['authenticationCleartextPassword', 'authenticationMD5Password', 'authenticationOk']

/**
 * The package's client, without its faults: it leaves a connection open that was made and did not get as far as to be used; it
 * ends the process where a server says what it does not understand, such as that it wants Kerberos, or hangs up while nobody
 * uses the connection; and it tells the password to whoever asks. With `mustProve`, a server that has not proved to know the password is not used.
 */
export function guarded({ Client }: typeof pg, { called }: Place, mustProve: boolean): typeof pg.Client {
  return class extends Client {
    constructor(config?: string | pg.ClientConfig) {
      super(config)
      // What is asked over a connection that is lost is told so, too.
      this.on('error', () => {})
      const wire = (this as unknown as { readonly connection: Wire }).connection
      const attach = wire.attachListeners.bind(wire)
      wire.attachListeners = (stream) => attach(contained(stream, wire, called))
      if (mustProve) demandProof(wire, called)
    }

    override connect(): Promise<this>
    override connect(done: (error: Error) => void): void
    override connect(done?: (error: Error) => void): Promise<this> | undefined {
      if (done === undefined) return super.connect() as Promise<this>
      super.connect((error: Error) => {
        if (error) void this.end().catch(() => {})
        done(error)
      })
      return undefined
    }
  }
}

/** Bytes of one answer: it is held in memory, and nothing that is asked has so many. */
const longestAnswer = 64 * 1024 * 1024

/** What is thrown over the bytes that have come ends the stream with that, and not the process; so does an answer without end. */
function contained(stream: Duplex, wire: Wire, called: string): Duplex {
  let heard = 0
  wire.on('readyForQuery', () => {
    heard = 0
  })
  const on = (event: string, listener: (bytes: Buffer) => void) =>
    stream.on(event, event === 'data' ? (bytes: Buffer) => hear(bytes, listener) : listener)
  const hear = (bytes: Buffer, listener: (bytes: Buffer) => void) => {
    // What has come behind it is of the same server.
    if (stream.destroyed) return
    heard += bytes.length
    try {
      if (heard > longestAnswer) throw endless(called)
      listener(bytes)
    } catch (error) {
      stream.destroy(error instanceof StoreError ? error : new Unintelligible((error as Error).message))
    }
  }
  return { on } as unknown as Duplex
}

function endless(called: string): StoreError {
  const mend = 'see that it is the PostgreSQL of proxyd, and to what else writes there'
  return new StoreError('failed', `${called} answers with more than ${longestAnswer / 1024 ** 2} MiB at once: ${mend}`)
}

/** Ahead of the package's own listeners, which would answer. */
function demandProof(wire: Wire, called: string): void {
  let isProved = false
  wire.once(proof, () => {
    isProved = true
  })
  for (const message of unproved)
    wire.on(message, () => {
      if (isProved) return
      throw new StoreError(
        'failed',
        `${called} does not prove that it knows the password, and might be anybody's on this machine: have pg_hba.conf there, or auth_type of ` +
          'a pooler, say scram-sha-256, or --store name a Unix socket; or say sslmode=disable in --store where nobody else can listen',
      )
    })
}
