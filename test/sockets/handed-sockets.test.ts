import { closeSync, fstatSync, openSync } from 'node:fs'
import { devNull } from 'node:os'
import { expect, it } from 'vitest'
import { HandedSockets } from '../../daemon/sockets/handed-sockets.ts'

const socks = { role: 'socks', address: '127.0.0.1', port: 1080 } as const

it('gives all of a port to whoever it is for, once, however the address is written', () => {
  const handed = new HandedSockets([
    { ...socks, fd: 4 },
    { ...socks, address: '::1', fd: 5 },
    { ...socks, fd: 6 },
    { ...socks, role: 'control', fd: 7 },
    { ...socks, port: 1081, fd: 8 },
  ])
  const numbers = (...wish: Parameters<HandedSockets['take']>) => handed.take(...wish).map(({ fd }) => fd)
  expect(numbers('socks', { address: '127.0.0.1', port: 1082 })).toEqual([])
  expect(numbers('socks', { address: '127.0.0.1', port: 1080 })).toEqual([4, 6])
  expect(numbers('socks', { address: '127.0.0.1', port: 1080 })).toEqual([])
  expect(numbers('socks', { address: '0:0:0:0:0:0:0:1', port: 0 })).toEqual([5])
  expect(numbers('socks', { address: '127.0.0.1', port: 0 })).toEqual([8])
})

it('closes those that nobody has taken', () => {
  const [taken, left] = [openSync(devNull, 'r'), openSync(devNull, 'r')]
  const handed = new HandedSockets([
    { ...socks, fd: taken },
    { ...socks, port: 1081, fd: left },
  ])
  handed.take('socks', socks)
  handed.closeRest()
  expect(() => fstatSync(left)).toThrow('EBADF')
  closeSync(taken)
})
