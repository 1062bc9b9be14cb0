import type { Script, Stage } from './stage.ts'
import type { Wire } from './wire.ts'

/** Where a crowd finds what it needs: address bytes and ports. */
export interface Places {
  readonly proxy: { readonly address: Uint8Array; readonly port: number }
  readonly target: { readonly address: Uint8Array; readonly port: number }
  readonly blackHole: { readonly address: Uint8Array; readonly port: number }
  /** The client's own address. */
  readonly source: Uint8Array
  /** The connection that came to the target from this port, once it has come. Throws if the client ends before. */
  arrival(port: number, client: Wire): Script<Wire>
}

export type Host = Uint8Array | string

const latin1 = new TextEncoder()

const greeting = Uint8Array.of(5, 1, 2)
const loginOf = (user: string, password: string): Uint8Array =>
  Uint8Array.of(1, user.length, ...latin1.encode(user), password.length, ...latin1.encode(password))
const requestFor = (host: Host, port: number, command = 1): Uint8Array =>
  typeof host === 'string'
    ? Uint8Array.of(5, command, 0, 3, host.length, ...latin1.encode(host), port >> 8, port & 0xff)
    : Uint8Array.of(5, command, 0, 1, ...host, port >> 8, port & 0xff)
export const messages = { greeting, loginOf, requestFor }

/** One client of the proxy, and its target once they are connected. Every step throws if it goes otherwise than told. */
export class Visit {
  readonly places: Places
  readonly stage: Stage
  readonly client: Wire
  /** The target's end of the connection, once there is one. */
  reached: Wire | undefined

  constructor(stage: Stage, places: Places, keepLittle = false) {
    this.stage = stage
    this.places = places
    const { address, port } = places.proxy
    this.client = stage.connect(places.source, address, port, (wire) => keepLittle && wire.keepLittle())
  }

  get target(): Wire {
    if (!this.reached) throw new Error('not connected to the target')
    return this.reached
  }

  /** A name for the target, with the last octet of its address in it. */
  named(word: string): string {
    return `${word}-${this.places.target.address[3]}.test`
  }

  /** Send a message of the negotiation. */
  *say(...parts: readonly Uint8Array[]): Script {
    const message = Uint8Array.from(parts.flatMap((part) => [...part]))
    while (!this.client.say(message)) {
      if (this.client.end !== undefined) throw new Error('ended before all was said')
      yield
    }
  }

  /** Expect these bytes from the proxy, in hex. */
  *expect(hex: string): Script {
    const heard = yield* this.#hear(hex.length / 2)
    if (heard !== hex) throw new Error(`heard ${heard || this.client.end}, not ${hex}`)
  }

  /** Log in. */
  *enter(user: string): Script {
    yield* this.say(greeting, loginOf(user, 'secret'))
    yield* this.expect('05020100')
  }

  /** Log in and ask for a host, the target's address if none is given; all at once, and with `early` bytes behind it. */
  *ask(user: string, host: Host = this.places.target.address, port = this.places.target.port, early = 0): Script {
    yield* this.say(greeting, loginOf(user, 'secret'), requestFor(host, port), new Uint8Array(early))
    this.client.sent += early
    yield* this.expect('05020100')
  }

  /** Log in, ask and take the reply: what is said from now on goes to the target. */
  *open(user: string, host?: Host, early = 0): Script {
    yield* this.ask(user, host, undefined, early)
    const { port } = yield* this.bound()
    this.reached = yield* this.places.arrival(port, this.client)
    this.stage.own(this.reached)
  }

  /** Log in, ask for another command and take the reply; resolves to the address and port that it carries. */
  *command(user: string, command: number, host: Host, port: number): Script<{ address: Uint8Array; port: number }> {
    yield* this.say(greeting, loginOf(user, 'secret'), requestFor(host, port, command))
    yield* this.expect('05020100')
    return yield* this.bound()
  }

  /** Expect a reply that is no refusal. */
  *bound(): Script<{ address: Uint8Array; port: number }> {
    yield* this.expect('05000001')
    const bytes = Buffer.from(yield* this.#hear(6), 'hex')
    return { address: bytes.subarray(0, 4), port: bytes.readUInt16BE(4) }
  }

  /** Wait until the other side of the wire has ended, dropping what it still says. */
  *over(wire: Wire): Script {
    while (wire.end === undefined) if (wire.receive(1 << 20) === 0 && wire.end === undefined) yield
  }

  /** Move `count` bytes of payload, all of them. */
  *move(from: Wire, to: Wire, count: number): Script {
    const goal = to.received + count
    for (let left = count; to.received < goal; ) {
      const said = left > 0 ? from.send(left) : 0
      left -= said
      const heard = to.receive(goal - to.received)
      if (from.end === 'broken' || to.end !== undefined) throw new Error(`ended ${goal - to.received} bytes early`)
      if (said === 0 && heard === 0) yield
    }
  }

  /** Pass on an end: nothing more comes behind what was received. */
  *pass(from: Wire, to: Wire): Script {
    const before = to.received
    from.finish()
    yield* this.over(to)
    if (to.end !== 'FIN' || to.received !== before) throw new Error(`${to.end} after ${to.received - before} bytes`)
  }

  /** Send until nothing has gone on for a while: the proxy holds what its other side does not take. */
  *stuff(from: Wire): Script {
    for (let idle = 0; idle < 3; ) {
      if (from.send(1 << 18) > 0) idle = 0
      else if (from.end === 'broken') return
      else {
        idle++
        yield* this.stage.pause(10)
      }
    }
  }

  /** Give back what is left. */
  leave(): void {
    for (const wire of [this.client, this.reached]) {
      if (!wire) continue
      this.stage.disown(wire)
      wire.close()
    }
  }

  *#hear(count: number): Script<string> {
    let heard = ''
    while (heard.length < count * 2) {
      const bytes = this.client.hear(count - heard.length / 2)
      heard += Buffer.from(bytes).toString('hex')
      if (this.client.end !== undefined) break
      if (bytes.length === 0) yield
    }
    return heard
  }
}
