import { constants } from 'node:crypto'
import type { Socket } from 'node:net'
import { createSecureContext, createServer, type SecureContextOptions, type Server, type TLSSocket } from 'node:tls'
import { Deadline, type RunningTime } from '../../running-time.ts'
import type { Log } from '../backend.ts'
import { ControlStartError } from '../start-error.ts'
import { readTlsFiles, type TlsFiles, type TlsIdentity } from './tls-files.ts'

/** A session that is resumed would not be asked for its certificate again, and management has no need of it. */
const secureOptions = constants.SSL_OP_NO_TICKET | constants.SSL_OP_NO_RENEGOTIATION

export interface TlsDoorOptions {
  readonly files: TlsFiles
  /** Milliseconds for a whole handshake. */
  readonly handshakeTime: number
  /** By which they run out of time. */
  readonly time: RunningTime
  /** Takes over a client that has come through on the accepted socket. */
  readonly enter: (accepted: Socket, socket: TLSSocket) => void
  readonly log: Log
}

/** What an operator is to hear of files that were read again. */
export interface Reloaded {
  /** Why they cannot be used. */
  readonly problem?: string
  /** What is wrong with them though they are used. */
  readonly warning?: string | undefined
}

interface Handshake {
  readonly socket: Socket
  /** Ends what takes too long. */
  readonly deadline: Deadline
}

/** Makes TLS of accepted sockets: 1.2 or newer, with a client certificate where authorities for them are given. */
export class TlsDoor {
  readonly #options: TlsDoorOptions
  readonly #server: Server
  readonly #failures: HandshakeFailures
  #expiry: number
  /** By `endsOf` the socket. */
  readonly #handshakes = new Map<string, Handshake>()

  /** Throws `ControlStartError` if the files cannot be used. */
  constructor(options: TlsDoorOptions) {
    const { identity, context } = readContext(options.files)
    const asksForCertificate = options.files.clientCa !== ''
    this.#options = options
    this.#expiry = identity.validUntil
    this.#failures = new HandshakeFailures(options.log)
    this.#server = createServer({
      ...context,
      requestCert: asksForCertificate,
      rejectUnauthorized: asksForCertificate,
    })
    this.#server.on('secureConnection', (socket) => this.#enter(socket))
    this.#server.on('tlsClientError', (error) => this.#failures.note(error))
    this.#warnOfDates(identity)
  }

  /** Until when the certificate is good, in milliseconds since 1970. */
  get expiry(): number {
    return this.#expiry
  }

  /** Begins a handshake on an accepted socket, which must allow half-open connections. */
  open(socket: Socket): void {
    const ends = endsOf(socket)
    // Node's own time limit begins again with each byte, and leaves the socket open.
    const { time, handshakeTime } = this.#options
    const deadline = new Deadline(time, handshakeTime, () => {
      this.#failures.note(new Error('not done in time'))
      socket.destroy()
    })
    const handshake = { socket, deadline }
    this.#handshakes.set(ends, handshake)
    // Until it is through, TLS takes this over from the socket: who hangs up in a handshake is gone, and so is its place.
    socket.allowHalfOpen = false
    socket.once('close', () => {
      deadline.clear()
      if (this.#handshakes.get(ends) === handshake) this.#handshakes.delete(ends)
    })
    this.#server.emit('connection', socket)
  }

  /** Reads the files again, for clients to come. If they cannot be used, goes on with what it has. What is wrong is logged, too. */
  reload(): Reloaded {
    const { files, log } = this.#options
    try {
      const { identity, context } = readContext(files)
      this.#server.setSecureContext(context)
      this.#expiry = identity.validUntil
      log.info(`certificate and key are read again from ${files.cert} and ${files.key}`)
      return { warning: this.#warnOfDates(identity) }
    } catch (error) {
      if (!(error instanceof ControlStartError)) throw error
      const problem = `certificate and key stay as they were: ${error.message}`
      log.warn(problem)
      return { problem }
    }
  }

  #enter(socket: TLSSocket): void {
    const ends = endsOf(socket)
    const handshake = this.#handshakes.get(ends)
    // It has no ends any longer if the client has gone already.
    if (handshake === undefined) return void socket.destroy()
    this.#handshakes.delete(ends)
    handshake.deadline.clear()
    socket.allowHalfOpen = true
    this.#options.enter(handshake.socket, socket)
  }

  /** Returns what it has warned of. */
  #warnOfDates({ validFrom, validUntil }: TlsIdentity): string | undefined {
    const { files, log } = this.#options
    const now = Date.now()
    if (now >= validFrom && now <= validUntil) return undefined
    const [from, until] = [validFrom, validUntil].map((time) => new Date(time).toISOString())
    const warning = `the certificate in ${files.cert} is good from ${from} to ${until} only: clients will refuse it`
    log.warn(warning)
    return warning
  }
}

/** Milliseconds between two lines of log about handshakes. */
const quietTime = 60_000

/** Tells of failed TLS handshakes at a bounded rate: the first at once, then one a minute that stands for all. */
class HandshakeFailures {
  readonly #log: Log
  readonly #now: () => number
  #toldAt = Number.NEGATIVE_INFINITY
  #untold = 0

  constructor(log: Log, now: () => number = () => performance.now()) {
    this.#log = log
    this.#now = now
  }

  note(error: Error): void {
    this.#untold++
    if (this.#now() - this.#toldAt < quietTime) return
    const { code = error.message } = error as NodeJS.ErrnoException
    const others = this.#untold > 1 ? `, and ${this.#untold - 1} before it` : ''
    this.#log.info(`a TLS handshake failed (${code})${others}`)
    this.#toldAt = this.#now()
    this.#untold = 0
  }
}

/** Throws `ControlStartError` if the files cannot be used. */
export function checkTlsFiles(files: TlsFiles): void {
  readContext(files)
}

/** Throws `ControlStartError` also if OpenSSL has its own reasons, such as a key that is too short. */
function readContext(files: TlsFiles): { identity: TlsIdentity; context: SecureContextOptions } {
  const identity = readTlsFiles(files)
  const { cert, key, clientCa: ca } = identity
  const context = { cert, key, ca, minVersion: 'TLSv1.2', secureOptions } as const
  try {
    createSecureContext(context)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    const mend = 'have another certificate and key made'
    throw new ControlStartError(`OpenSSL does not take control-tls-cert ${files.cert} (${code ?? message}): ${mend}`, 2)
  }
  return { identity, context }
}

/** The same for a socket and TLS inside it, and for no other at that time. */
function endsOf({ localAddress, localPort, remoteAddress, remotePort }: Socket): string {
  return `${localAddress} ${localPort} ${remoteAddress} ${remotePort}`
}
