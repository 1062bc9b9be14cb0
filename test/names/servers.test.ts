import { expect, test, vi } from 'vitest'
import { findByServers } from '../../daemon/names/servers.ts'
import { startDnsServer } from '../helpers/dns-server.ts'

test('finds the addresses of both families, IPv6 first, for as long as the shorter TTL says', async () => {
  const zone = { 'both.test': { addresses: ['192.0.2.1', '192.0.2.2', '2001:db8::1'], ttl: 7 } }
  const server = await startDnsServer(zone)
  const { addresses, lasts } = await findByServers([server.at])('both.test')
  expect(addresses.toSorted()).toEqual(['192.0.2.1', '192.0.2.2', '2001:db8::1'])
  expect(addresses[0]).toBe('2001:db8::1')
  expect(lasts).toBe(7_000)
  expect(server.questions.toSorted()).toEqual(['both.test A', 'both.test AAAA'])
})

test.each([
  ['192.0.2.1', 'a name of one family'],
  ['2001:db8::1', 'a name of the other'],
])('finds %s of %s', async (address) => {
  const { at } = await startDnsServer({ 'one.test': { addresses: [address], ttl: 5 } })
  expect(await findByServers([at])('one.test')).toEqual({ addresses: [address], lasts: 5_000 })
})

test.each(['unknown.test', 'empty.test', 'bad..name', `${'x'.repeat(64)}.test`])(
  'finds nothing of %s',
  async (name) => {
    const { at } = await startDnsServer({ 'empty.test': { addresses: [] } })
    expect((await findByServers([at])(name)).addresses).toEqual([])
  },
)

test('asks each time: nobody but us remembers', async () => {
  const server = await startDnsServer({ 'one.test': { addresses: ['192.0.2.1'] } })
  const find = findByServers([server.at])
  await find('one.test')
  await find('one.test')
  expect(server.questions.filter((question) => question === 'one.test A')).toHaveLength(2)
})

test('waits a moment only for the family that is late, and does not remember for long that it lacks it', async () => {
  const server = await startDnsServer({ 'both.test': { addresses: ['192.0.2.1', '2001:db8::1'] } })
  server.hold('both.test AAAA')
  expect(await findByServers([server.at])('both.test')).toEqual({ addresses: ['192.0.2.1'], lasts: 3_000 })
})

test('waits for the other family if the first has no addresses', async () => {
  const server = await startDnsServer({ 'four.test': { addresses: ['192.0.2.1'] } })
  server.hold('four.test A')
  const found = findByServers([server.at])('four.test')
  await vi.waitFor(() => expect(server.questions).toHaveLength(2))
  server.release()
  expect((await found).addresses).toEqual(['192.0.2.1'])
})

test.each(['localhost', 'LocalHost.', 'app.localhost'])('knows %s without asking', async (name) => {
  const server = await startDnsServer({ [name]: { addresses: ['192.0.2.1'] } })
  expect((await findByServers([server.at])(name)).addresses).toEqual(['::1', '127.0.0.1'])
  expect(server.questions).toEqual([])
})
