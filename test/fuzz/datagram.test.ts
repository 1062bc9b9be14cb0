import fc from 'fast-check'
import { expect } from 'vitest'
import { longestHeader, parseDatagram, writeHeader } from '../../daemon/socks/datagram.ts'
import { bytes } from '../helpers/bytes.ts'
import { fuzz } from './campaign.ts'
import { address, port } from './conversations.ts'
import { inputs } from './input.ts'

const datagrams = fc
  .tuple(fc.constantFrom(0, 0, 0, 1, 0x80), address, port, fc.uint8Array({ maxLength: 40 }))
  .map(([fragment, to, at, payload]) => bytes(0, 0, fragment, to, at, payload))

fuzz({
  name: 'datagram',
  inputs: inputs(datagrams),
  runs: 5000,
  async start() {
    return ({ said }) => {
      const datagram = parseDatagram(said)
      if (!datagram) return
      const { destination, payload } = datagram
      expect(said[2], 'FRAG').toBe(0)
      expect(destination.port).toBeGreaterThan(0)
      expect(payload).toBeLessThanOrEqual(said.length)
      expect(parseDatagram(said.subarray(0, payload)), 'an empty payload').toEqual(datagram)
      expect(parseDatagram(said.subarray(0, payload - 1)), 'cut short').toBeUndefined()
      if (destination.kind === 'name') return void expect(destination.name).toMatch(/^[\w.-]{1,255}$/)

      const written = new Uint8Array(longestHeader)
      const start = writeHeader(written, longestHeader, destination)
      expect(parseDatagram(written.subarray(start))).toEqual({ destination, payload: longestHeader - start })
    }
  },
})
