import { expect } from 'vitest'
import { longestHeader, parseDatagram, writeHeader } from '../../daemon/socks/datagram.ts'
import { fuzz } from './campaign.ts'
import { datagrams } from './conversations.ts'
import { inputs } from './input.ts'

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
