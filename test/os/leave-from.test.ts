import { describe, expect, it, onTestFinished } from 'vitest'
import { parseAddress } from '../../daemon/net/address.ts'
import { close, errno } from '../../daemon/os/libc.ts'
import { boundAddress, leaveFrom, openSocket } from '../../daemon/os/socket.ts'
import { addressOf, portOf, socketAddressBytes } from '../../daemon/os/socket-address.ts'

describe.skipIf(process.platform !== 'linux')('a socket that leaves from an address', () => {
  const leave = (text: string) => {
    const address = parseAddress(text) ?? { bytes: new Uint8Array(4), scope: 0 }
    const fd = openSocket(address.bytes.length)
    onTestFinished(() => void close(fd))
    return { fd, address, result: leaveFrom(fd, address) }
  }

  it.each(['127.0.0.2', '::1'])('has %s, and takes no port before it connects', (text) => {
    const { fd, address, result } = leave(text)
    const own = new Uint8Array(socketAddressBytes)
    boundAddress(fd, own)
    expect([result, addressOf(own), portOf(own)]).toEqual([0, address, 0])
  })

  it.each(['192.0.2.1', '2001:db8::1'])('cannot have %s, which is not of this machine', (text) => {
    expect(leave(text).result).toBe(-errno.EADDRNOTAVAIL)
  })
})
