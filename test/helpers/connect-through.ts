import { connectPeer, type Peer } from './peer.ts'
import { expectReply, greeting, request, succeeded } from './socks-client.ts'

/** A client of the proxy at `port` that has its reply: what is said now goes to `target`. */
export async function connectThrough(
  port: number,
  target: { readonly host: string; readonly port: number },
): Promise<Peer> {
  const client = await connectPeer('127.0.0.1', port)
  client.write(greeting)
  await client.read(2)
  client.write(request(target.host, target.port))
  await expectReply(client, succeeded)
  return client
}
