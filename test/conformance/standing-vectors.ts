import { bytes } from '../helpers/bytes.ts'
import { greeting } from '../helpers/socks-client.ts'
import { onIpv4, onIpv6, refused, type Vector } from './vectors.ts'

const [bind, associate] = [2, 3]
const port9 = bytes(0, 9)
const port0 = bytes(0, 0)
const anyIpv4 = bytes(1, 0, 0, 0, 0)
const anyIpv6 = bytes(4, new Uint8Array(16))
const loopbackIpv4 = bytes(1, 127, 0, 0, 1)
const loopbackIpv6 = bytes(4, new Uint8Array(15), 1)

function named(name: string): Uint8Array {
  return bytes(3, name.length, name)
}

/** A request that stands from its first reply on, as long as the client does. */
function standing(title: string, bound: string, command: number, address: Uint8Array, port: Uint8Array): Vector {
  return { title, says: () => bytes(greeting, 5, command, 0, address, port), replies: `05 00 ${bound}`, end: 'waiting' }
}

/** BIND and UDP ASSOCIATE up to their first reply: where somebody is to connect to, or datagrams are to be sent. */
export const standingVectors: readonly Vector[] = [
  standing('BIND for an IPv4 address', onIpv4, bind, loopbackIpv4, port9),
  standing('BIND for an IPv4 address and port 0', onIpv4, bind, loopbackIpv4, port0),
  standing('BIND for an IPv6 address', onIpv6, bind, loopbackIpv6, port9),
  standing('BIND for a v4-mapped address', onIpv4, bind, bytes(4, new Uint8Array(10), 0xff, 0xff, 127, 0, 0, 1), port9),
  standing('BIND for a name', onIpv4, bind, named('one.test'), port9),
  standing('BIND for a literal as a name', onIpv6, bind, named('::1'), port9),
  standing('BIND for anybody', onIpv4, bind, anyIpv4, port0),
  refused('BIND for a name that does not exist', '04', 5, bind, 0, named('unknown.test'), port9),
  refused('BIND for a name with a NUL', '01', 5, bind, 0, named('one.test\0'), port9),
  refused('BIND for ATYP 2', '08', 5, bind, 0, 2, 127, 0, 0, 1, port9),
  standing('UDP ASSOCIATE from anywhere', onIpv4, associate, anyIpv4, port0),
  standing('UDP ASSOCIATE from anywhere of IPv6', onIpv6, associate, anyIpv6, port0),
  standing('UDP ASSOCIATE from an address and a port', onIpv4, associate, loopbackIpv4, port9),
  standing('UDP ASSOCIATE from an address behind a NAT', onIpv4, associate, bytes(1, 192, 0, 2, 1), port9),
  standing('UDP ASSOCIATE from a name', onIpv4, associate, named('one.test'), port0),
  standing('UDP ASSOCIATE from a name that does not exist', onIpv4, associate, named('unknown.test'), port0),
  refused('UDP ASSOCIATE from a name of length 0', '01', 5, associate, 0, named(''), port0),
  refused('UDP ASSOCIATE from ATYP 5', '08', 5, associate, 0, 5, 127, 0, 0, 1, port0),
]
