import { describe, expect, it } from 'vitest'
import { ClientPort } from '../../daemon/engine/shared/client-port.ts'
import { destinationOf } from '../../daemon/net/destination.ts'
import { bytes } from '../helpers/bytes.ts'

const client = bytes(192, 0, 2, 7)

describe("the port of an association's client", () => {
  it.each([
    ['nothing', '0.0.0.0', 0],
    ['a name', 'www.example.com', 53],
    ['another address', '198.51.100.1', 53],
    ['an address of another family', '2001:db8::1', 53],
  ])('is that of the first datagram if %s is declared', (_, host, port) => {
    const own = new ClientPort(destinationOf(host, port), client, false)
    expect(own.port).toBe(0)
    expect([own.admits(1000), own.admits(2000), own.admits(53), own.admits(1000)]).toEqual([true, false, false, true])
    expect(own.port).toBe(1000)
  })

  it.each(['0.0.0.0', '::'])('is the one that is declared with %s', (host) => {
    const own = new ClientPort(destinationOf(host, 4321), client, false)
    expect(own.port).toBe(4321)
    expect([own.admits(1000), own.admits(4321)]).toEqual([false, true])
  })

  it("is the one that is declared with the client's own address, once that has sent", () => {
    const own = new ClientPort(destinationOf('192.0.2.7', 4321), client, false)
    expect([own.admits(1000), own.admits(2000), own.admits(4321), own.admits(1000)]).toEqual([true, false, true, false])
    expect(own.port).toBe(4321)
  })

  it('is that one from the beginning if a port is required, and none if none is declared', () => {
    expect(new ClientPort(destinationOf('192.0.2.7', 4321), client, true).port).toBe(4321)
    expect(new ClientPort(destinationOf('192.0.2.8', 4321), client, true).port).toBe(0)
    expect(new ClientPort(destinationOf('192.0.2.7', 0), client, true).port).toBe(0)
  })

  it('is never 0, to which nothing can be sent', () => {
    for (const host of ['0.0.0.0', '192.0.2.7', 'www.example.com'])
      expect(new ClientPort(destinationOf(host, 0), client, false).admits(0)).toBe(false)
  })
})
