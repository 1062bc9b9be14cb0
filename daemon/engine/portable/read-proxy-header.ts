import type { Socket } from 'node:net'
import { parseAddress } from '../../net/address.ts'
import { Deadline, type RunningTime } from '../../running-time.ts'
import { type Introduced, ProxyHeader } from '../../socks/proxy-header.ts'
import { type Balancers, introductionTime } from '../shared/balancers.ts'

/**
 * Hears from a balancer whose a connection just accepted is (PROXY protocol), `client` being a paused stream, and paused again
 * with what follows the header in it. Resolves to undefined if that is not to be known, and the connection is over.
 */
export function readProxyHeader(
  client: Socket,
  balancers: Balancers,
  time: RunningTime,
): Promise<Introduced | undefined> {
  const { promise, resolve } = Promise.withResolvers<Introduced | undefined>()
  const address = parseAddress(client.remoteAddress ?? '')?.bytes
  client.on('error', () => {})
  client.once('close', () => resolve(undefined))
  if (!address || !balancers.has(address)) {
    client.resetAndDestroy()
    return promise
  }
  const header = new ProxyHeader()
  const hear = (chunk: Buffer) => {
    const introduction = header.receive(chunk)
    if (introduction.kind === 'more') return
    stop()
    if (introduction.kind === 'malformed') return giveUp('malformed')
    const ourEnd = () => parseAddress(client.localAddress ?? '')?.bytes
    if (introduction.kind === 'client' && !balancers.believes(introduction.address, address, ourEnd))
      return giveUp('misnamed')
    client.pause()
    if (introduction.rest.length > 0) client.unshift(introduction.rest)
    resolve(introduction)
  }
  const giveUp = (trouble: 'malformed' | 'misnamed' | 'late') => {
    balancers.tell(trouble, address)
    client.resetAndDestroy()
  }
  // It was only seen whether somebody listens here.
  const left = () => {
    balancers.left()
    client.destroy()
  }
  const deadline = new Deadline(time, introductionTime, () => giveUp('late'))
  const stop = () => {
    deadline.clear()
    client.off('data', hear).off('end', left).off('close', stop)
  }
  client.on('data', hear).on('end', left).on('close', stop)
  client.resume()
  return promise
}
