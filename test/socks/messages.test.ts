import { describe, expect, it } from 'vitest'
import { encodeReply, Reply } from '../../daemon/socks/messages.ts'
import { bytes } from '../helpers/bytes.ts'

describe('encodeReply', () => {
  it('carries an IPv4 address in 10 bytes', () => {
    const bound = { bytes: bytes(192, 0, 2, 7), port: 0x1234 }
    expect(encodeReply(Reply.succeeded, bound)).toEqual(bytes(5, 0, 0, 1, 192, 0, 2, 7, 0x12, 0x34))
  })

  it('carries an IPv6 address in 22 bytes', () => {
    const address = bytes(0x20, 1, 0xd, 0xb8, ...Array(11).fill(0), 9)
    expect(encodeReply(Reply.succeeded, { bytes: address, port: 65_535 })).toEqual(
      bytes(5, 0, 0, 4, address, 0xff, 0xff),
    )
  })

  it('carries a v4-mapped address as it is, for sockets of IPv6', () => {
    const address = bytes(...Array(10).fill(0), 0xff, 0xff, 127, 0, 0, 1)
    expect(encodeReply(Reply.succeeded, { bytes: address, port: 1 })).toEqual(bytes(5, 0, 0, 4, address, 0, 1))
  })

  it.each(Object.entries(Reply))('carries 0.0.0.0:0 without an address: %s', (_, reply) => {
    expect(encodeReply(reply)).toEqual(bytes(5, reply, 0, 1, 0, 0, 0, 0, 0, 0))
  })
})
