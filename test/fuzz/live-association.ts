import { createSocket, type Socket } from 'node:dgram'
import { expect, onTestFinished } from 'vitest'
import type { Destination } from '../../daemon/net/destination.ts'
import { parseDatagram } from '../../daemon/socks/datagram.ts'
import { bytes } from '../helpers/bytes.ts'
import { type engines, startProxy } from '../helpers/engine.ts'
import { expectReply, greeting, request, succeeded } from '../helpers/socks-client.ts'
import { startUdpEcho } from '../helpers/udp-echo.ts'
import { fuzz } from './campaign.ts'
import { datagrams, withPort } from './conversations.ts'
import { inputs } from './input.ts'

/** Whether it leads to the server, and to nobody else. */
function isHarmless({ kind, port, ...at }: Destination, server: number): boolean {
  return port === server && (kind === 'name' || ('bytes' in at && at.bytes.join('.') === '127.0.0.1'))
}

/** The payloads of the next datagrams, as many as are expected, in no order. */
function payloads(socket: Socket, count: number): Promise<string[]> {
  const taken: string[] = []
  const { promise, resolve } = Promise.withResolvers<string[]>()
  socket.on('message', function take(answer: Buffer) {
    if (taken.push(answer.subarray(10).toString('hex')) < count) return
    socket.off('message', take)
    resolve(taken.sort())
  })
  return promise
}

/** A live association must deliver what the parser takes, drop the rest, and go on. */
export function fuzzAssociations(start: (typeof engines)[number]['start']): void {
  fuzz({
    name: 'association',
    inputs: inputs(datagrams),
    runs: 400,
    async start() {
      const echo = await startUdpEcho()
      const proxy = await startProxy(start, { services: { resolve: async () => [echo.host] } })
      const client = await proxy.client()
      client.write(bytes(greeting, 5, 3, request('0.0.0.0', 0).subarray(2)))
      await client.read(2)
      const relay = await expectReply(client, succeeded)
      const socket = createSocket('udp4')
      onTestFinished(() => void socket.close())

      return async (input) => {
        const said = withPort(input.said, echo.port)
        const datagram = parseDatagram(said)
        if (datagram && !isHarmless(datagram.destination, echo.port)) return
        const expected = datagram ? [said.subarray(datagram.payload).toString('hex')] : []
        const marker = Buffer.from(`marker ${echo.heard.length}`)
        const answers = payloads(socket, expected.length + 1)
        socket.send(said, relay.port, relay.address)
        socket.send(bytes(request(echo.host, echo.port).with(0, 0).with(1, 0), marker), relay.port, relay.address)
        expect(await answers).toEqual([...expected, marker.toString('hex')].sort())
      }
    },
  })
}
