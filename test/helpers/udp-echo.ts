import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { isIPv6 } from 'node:net'
import { onTestFinished } from 'vitest'

/** A server of datagrams that sends each one back, until the test is over. */
export interface UdpEcho {
  readonly host: string
  readonly port: number
  /** What came, one byte a character as in latin1, in the order in which it came. */
  readonly heard: string[]
}

export async function startUdpEcho(host = '127.0.0.1'): Promise<UdpEcho> {
  const socket = createSocket(isIPv6(host) ? 'udp6' : 'udp4')
  const heard: string[] = []
  socket.on('message', (bytes, from) => {
    heard.push(bytes.toString('latin1'))
    socket.send(bytes, from.port, from.address)
  })
  socket.bind(0, host)
  await once(socket, 'listening')
  onTestFinished(() => void socket.close())
  return { host, port: socket.address().port, heard }
}
