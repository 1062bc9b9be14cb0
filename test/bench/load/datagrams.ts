import { once } from 'node:events'
import { connect } from 'node:net'
import { Arrivals, Departures } from '../../../daemon/os/datagrams.ts'
import { boundPort } from '../../../daemon/os/socket.ts'
import { encodeSocketAddress } from '../../../daemon/os/socket-address.ts'
import { bindUdpSocket } from '../../../daemon/os/udp.ts'
import { writeHeader } from '../../../daemon/socks/datagram.ts'

/** Datagrams by way of a SOCKS server and back, as many at once as one call takes, and the target that sends them back. */

const loopback = Uint8Array.of(127, 0, 0, 1)
const window = 32
/** When so much time has passed without one, in milliseconds, those that have not come are lost. */
const patience = 20

export interface Exchange {
  /** Where the client sends to. */
  readonly port: number
  /** Whether a SOCKS header goes before the payload. */
  readonly wrapped: boolean
  readonly payload: number
  readonly seconds: number
}

/** Ask for an association; its control connection lives until the process ends. */
export async function associate(proxyPort: number): Promise<number> {
  const control = connect(proxyPort, '127.0.0.1')
  control.write(Uint8Array.of(5, 1, 0))
  await once(control, 'data')
  control.write(Uint8Array.of(5, 3, 0, 1, 0, 0, 0, 0, 0, 0))
  const [reply]: [Buffer] = (await once(control, 'data')) as [Buffer]
  if (reply[1] !== 0) throw new Error(`refused with reply ${reply[1]}`)
  return reply.readUInt16BE(8)
}

/** Both ends of the exchange; `exchange` runs it and tells how many came back, and how many did not. */
export class Ends {
  readonly #client = bindUdpSocket({ bytes: loopback, scope: 0 })
  readonly #target = bindUdpSocket({ bytes: loopback, scope: 0 })
  readonly #arrivals = new Arrivals()
  readonly #departures: Departures

  /** `joined`: many leave as one message, as programs send them that speak QUIC. */
  constructor(joined: boolean) {
    this.#departures = new Departures(this.#arrivals, joined)
  }

  get targetPort(): number {
    return boundPort(this.#target)
  }

  exchange({ port, wrapped, payload, seconds }: Exchange): { returned: number; lost: number } {
    const source = { bytes: loopback, port: this.targetPort }
    let returned = 0
    let lost = 0
    for (const last = performance.now() + seconds * 1000; performance.now() < last; ) {
      for (let i = 0; i < window; i++) {
        const end = this.#arrivals.start(i)
        const start = wrapped ? writeHeader(this.#arrivals.memory, end, source) : end
        encodeSocketAddress(this.#departures.add(start, end - start + payload, payload), loopback, port)
      }
      this.#departures.send(this.#client)
      const back = this.#gather()
      returned += back
      lost += window - back
    }
    return { returned, lost }
  }

  /** Send back what comes to the target until all of a window have come back to the client. */
  #gather(): number {
    let back = 0
    for (let until = performance.now() + patience; back < window && performance.now() < until; ) {
      const there = this.#arrivals.receive(this.#target)
      for (let i = 0; i < there; i++) {
        const length = this.#arrivals.length(i)
        this.#departures.add(this.#arrivals.start(i), length, length).set(this.#arrivals.source(i))
      }
      if (there > 0) this.#departures.send(this.#target)
      const here = Math.max(0, this.#arrivals.receive(this.#client))
      back += here
      if (there > 0 || here > 0) until = performance.now() + patience
    }
    return back
  }
}
