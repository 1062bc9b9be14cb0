import { type Address, isSame, unmapped } from '../../net/address.ts'
import { boundAddress, peerAddress } from '../../os/socket.ts'
import { addressOf, socketAddressBytes } from '../../os/socket-address.ts'
import { addressTowards } from '../../os/udp.ts'
import type { DatagramEnds } from '../shared/datagram-ends.ts'
import { clientOf, type Sessions } from './sessions.ts'

const socketAddress = new Uint8Array(socketAddressBytes)

/**
 * Where a client comes from, and where it reaches us: at the end of its connection that is ours or, if a balancer passes that
 * on, at our address on the way to the client.
 */
export function clientEnds({ fd, table }: Sessions, slot: number): DatagramEnds<Address> {
  boundAddress(fd[clientOf(slot)], socketAddress)
  const relay = addressOf(socketAddress)
  peerAddress(fd[clientOf(slot)], socketAddress)
  const peer = addressOf(socketAddress)
  const bytes = unmapped(table.clientAddress.slice(slot * 16, slot * 16 + 16))
  if (isSame(unmapped(peer.bytes), bytes)) return { relay, client: peer }
  const client = { bytes, scope: 0 }
  return { relay: addressTowards(client, socketAddress) >= 0 ? addressOf(socketAddress) : relay, client }
}
