import { bindSocket, close } from '../../../daemon/os/libc.ts'
import { openUdpSocket } from '../../../daemon/os/socket.ts'
import { encodeSocketAddress, socketAddressBytes } from '../../../daemon/os/socket-address.ts'
import { sendDatagram } from '../../../daemon/os/udp.ts'
import type { Ending } from './scripts.ts'
import type { Script } from './stage.ts'
import { type Host, messages, type Visit } from './visit.ts'

/** Every way in which a UDP ASSOCIATE may end. */

const udpAssociate = 3
const anybody = Uint8Array.of(0, 0, 0, 0)
const payload = new Uint8Array(100)

/** The association stands, and the client has sent a datagram to `host`, unless there is none. */
function* associate(visit: Visit, user: string, host?: Host): Script {
  const relay = yield* visit.command(user, udpAssociate, anybody, 0)
  if (host === undefined) return
  const fd = openUdpSocket(4)
  const address = new Uint8Array(socketAddressBytes)
  bindSocket(fd, address, encodeSocketAddress(address, visit.places.source, 0))
  const header = messages.requestFor(host, visit.places.target.port)
  const datagram = Uint8Array.from([0, 0, 0, ...header.subarray(3), ...payload])
  if (sendDatagram(fd, datagram, { bytes: relay.address, scope: 0 }, relay.port) > 0)
    visit.client.sent += payload.length
  close(fd)
}

/** How the association is left, once it stands. */
const leaves: Record<string, (visit: Visit) => Script> = {
  *FIN(visit) {
    visit.client.finish()
    yield* visit.over(visit.client)
  },
  *RST(visit) {
    visit.client.reset()
    yield* []
  },
}

const left = Object.entries(leaves).flatMap(([name, leave]) =>
  [undefined, 'address', 'name', 'late.test'].map((to): [string, Ending] => [
    `UDP ASSOCIATE, ${name} after ${to === undefined ? 'the reply' : `a datagram to a ${to}`}`,
    {
      weight: 20,
      *run(visit) {
        const hosts: Record<string, Host> = { address: visit.places.target.address, name: visit.named('any') }
        yield* associate(visit, 'other', to === undefined ? undefined : (hosts[to] ?? to))
        yield* leave(visit)
      },
    },
  ]),
)

/** What the proxy ends by itself. */
const cut = (weight: number, user: string, name: string): Ending => ({
  weight,
  *run(visit) {
    yield* associate(visit, user, visit.named(name))
    yield* visit.over(visit.client)
  },
})

export const associations: Record<string, Ending> = {
  ...Object.fromEntries(left),
  'UDP ASSOCIATE, killed': cut(10, 'other', 'kill'),
  'UDP ASSOCIATE, user cut': cut(10, 'cut', 'any'),
  'UDP ASSOCIATE, idle': cut(1, 'other', 'any'),
}
