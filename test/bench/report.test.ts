import { expect, it } from 'vitest'
import { bestPeerTable } from './report.ts'
import { givenServer } from './servers.ts'
import { versionIn } from './versions.ts'

it('puts ours beside the best peer of each row, be it the one with most or with least', () => {
  const medians = {
    'connections, per second': { proxyd: 3000, microsocks: 2000, danted: 1000, 'no proxy': 9000 },
    'connections, CPU-µs each': { proxyd: 50, portable: 300, microsocks: 200, danted: 100 },
    'udp, CPU-s a million datagrams': { proxyd: 3, danted: 6 },
    'connections, cores of the busier of generator and origin': { proxyd: 1, microsocks: 1 },
    'pacing, 1000 that wait: % of a core': { proxyd: 1 },
  }
  const rows = bestPeerTable(medians, ['proxyd', 'portable'], ['microsocks', 'danted']).split('\n').slice(2)
  expect(rows).toEqual([
    '| connections, per second | more | 2000 microsocks | 1.50 | – |',
    '| connections, CPU-µs each | less | 100 danted | 0.500 | 3.00 |',
    '| udp, CPU-s a million datagrams | less | 6.00 danted | 0.500 | – |',
  ])
  expect(bestPeerTable(medians, ['proxyd'], [])).toBe('')
})

it('finds the version in what a program says, and takes no address for one', () => {
  expect(versionIn('Dante v1.4.2.  Copyright (c) 1997 - 2014, Inferno Nettverk A/S', 'danted')).toBe('1.4.2')
  expect(versionIn('hev-socks5-server CONFIG_PATH\nVersion: 2.8.0 abcdef0\n', 'hev-socks5-server')).toBe('2.8.0')
  expect(versionIn('3proxy-0.9.4 tiny proxy server', '3proxy')).toBe('0.9.4')
  expect(
    versionIn('usage: microsocks -i listenip\nby default listenip is 0.0.0.0 and port 1080', 'microsocks'),
  ).toBeUndefined()
})

it('takes a line for the shell as a peer, with its port and a folder of its own', () => {
  const { name, command } = givenServer('other=echo "socks -p{port}" >{folder}/cfg; 3proxy {folder}/cfg')
  expect(name).toBe('other')
  expect(command(1080, '/tmp/x', false)).toEqual(['sh', '-c', 'echo "socks -p1080" >/tmp/x/cfg; 3proxy /tmp/x/cfg'])
  expect(() => givenServer('other=3proxy')).toThrow('{port}')
})
