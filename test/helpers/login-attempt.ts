import { connect } from 'node:net'
import { bytes } from './bytes.ts'
import { Peer } from './peer.ts'
import { greetingForLogin, login } from './socks-client.ts'

/** Says a login (RFC 1929) from this address of the loopback. */
export function attemptLogin(port: number, localAddress: string, name: string, password: string): Peer {
  const client = new Peer(connect({ port, host: '127.0.0.1', localAddress }))
  client.write(bytes(greetingForLogin, login(name, password)))
  return client
}
