import { isLoopback, isUnspecified, mapped } from '../../net/address.ts'
import type { Destination } from '../../net/destination.ts'
import type { Bound } from '../../socks/messages.ts'

/** Where an association takes its client's datagrams, and the address that they come from, in an engine's own form. */
export interface DatagramEnds<Form> {
  readonly relay: Form
  readonly client: Form
}

/**
 * The ends of an association's datagrams, those to try first before those to take else. They are where the control
 * connection ends, but a client whose connection came over IPv4 may have an IPv6 socket for its datagrams, and one that
 * has no way to IPv4 (IPV6_V6ONLY of ipv6(7)): on the same machine, the loopback of IPv6 serves as well. `client` is the
 * address that it comes from.
 */
export function datagramEnds<Form>(
  declared: Destination,
  client: Uint8Array,
  asConnected: DatagramEnds<Form>,
  ipv6Loopback: Form,
): readonly DatagramEnds<Form>[] {
  if (!isOfIpv6Socket(declared) || client.length !== 4 || !isLoopback(client)) return [asConnected]
  return [{ relay: ipv6Loopback, client: ipv6Loopback }, asConnected]
}

/**
 * Where the client is told to send, its relay being bound there: the first `advertised` address of that family, if there
 * is one, in the form that its socket takes.
 */
export function toldOf(declared: Destination, { bytes, port }: Bound, advertised: readonly Uint8Array[]): Bound {
  const told = advertised.find((address) => address.length === bytes.length) ?? bytes
  return { bytes: isOfIpv6Socket(declared) ? mapped(told) : told, port }
}

/** Whether the client says that its datagrams come from `::`. */
function isOfIpv6Socket(declared: Destination): boolean {
  return declared.kind === 'address' && declared.bytes.length === 16 && isUnspecified(declared.bytes)
}
