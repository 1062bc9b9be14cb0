import { expect, test } from 'vitest'
import { earlyAnswer } from '../../daemon/names/families.ts'
import { byServers } from '../../daemon/names/servers.ts'
import { startDnsServer } from '../helpers/dns-server.ts'
import { eventually } from '../helpers/eventually.ts'

const anybody = { user: undefined, place: '198.51.100.1' }

/** Too much for a datagram, and not to be had otherwise. */
const cutZone = {
  'one.test': { addresses: Array.from({ length: 40 }, (_, n) => `192.0.2.${n}`), noStreams: true },
}

/** What one server tells of a name. */
async function find(server: string, name: string) {
  return (await earlyAnswer(byServers([server]).find(name, anybody))).found
}

test('finds the addresses of both families, for as long as the shorter TTL says', async () => {
  const zone = { 'both.test': { addresses: ['192.0.2.1', '192.0.2.2', '2001:db8::1'], ttl: 7 } }
  const server = await startDnsServer(zone)
  const { addresses, lasts } = await find(server.at, 'both.test')
  expect(addresses.toSorted()).toEqual(['192.0.2.1', '192.0.2.2', '2001:db8::1'])
  expect(lasts).toBe(7_000)
  expect(server.questions.toSorted()).toEqual(['both.test A', 'both.test AAAA'])
})

test.each([
  ['192.0.2.1', 'a name of one family'],
  ['2001:db8::1', 'a name of the other'],
])('finds %s of %s', async (address) => {
  const { at } = await startDnsServer({ 'one.test': { addresses: [address], ttl: 5 } })
  expect(await find(at, 'one.test')).toEqual({ addresses: [address], lasts: 5_000 })
})

test.each(['unknown.test', 'empty.test', 'bad..name', `${'x'.repeat(64)}.test`])(
  'finds nothing of %s',
  async (name) => {
    const { at } = await startDnsServer({ 'empty.test': { addresses: [] } })
    expect((await find(at, name)).addresses).toEqual([])
  },
)

test('keeps no more than 32 addresses of a family, however many come by TCP', async () => {
  const addresses = Array.from({ length: 3_900 }, (_, n) => `127.1.${n >> 8}.${n & 255}`)
  const { at } = await startDnsServer({ 'big.test': { addresses } })
  expect((await byServers([at]).find('big.test', anybody).ipv4).addresses).toHaveLength(32)
})

test.each([
  ['one that is not there', async () => '127.0.0.1:1'],
  ['one that this machine may not ask', async () => '255.255.255.255'],
  ['one that cuts its answers, and gives none by TCP', async () => (await startDnsServer(cutZone)).at],
  ['one that fails', async () => (await startDnsServer({ 'one.test': { addresses: [], code: 2 } })).at],
])('asks the next server after %s', async (_, first) => {
  const { at } = await startDnsServer({ 'one.test': { addresses: ['192.0.2.1'] } })
  expect((await byServers([await first(), at]).find('one.test', anybody).ipv4).addresses).toEqual(['192.0.2.1'])
})

test('asks a server plainly that does not understand more', async () => {
  const { at } = await startDnsServer({ 'one.test': { addresses: ['192.0.2.1'], isOld: true } })
  expect((await byServers([at]).find('one.test', anybody).ipv4).addresses).toEqual(['192.0.2.1'])
})

test('a server that tells that there is no such name is believed', async () => {
  const [none, other] = [await startDnsServer({}), await startDnsServer({ 'one.test': { addresses: ['192.0.2.1'] } })]
  expect((await byServers([none.at, other.at]).find('one.test', anybody).ipv4).addresses).toEqual([])
  expect(other.questions).toEqual([])
})

test('many names asked for at once are told apart', async () => {
  const names = Array.from({ length: 120 }, (_, n) => `n${n}.test`)
  const zone = Object.fromEntries(names.map((name, n) => [name, { addresses: [`192.0.2.${n}`] }]))
  const { at } = await startDnsServer(zone)
  const { find } = byServers([at])
  const found = await Promise.all(names.map((name) => find(name, anybody).ipv4))
  expect(found.map(({ addresses }) => addresses)).toEqual(names.map((name) => zone[name]?.addresses))
})

test('asks each time: nobody but us remembers', async () => {
  const server = await startDnsServer({ 'one.test': { addresses: ['192.0.2.1'] } })
  const { find } = byServers([server.at])
  for (let i = 0; i < 2; i++) await find('one.test', anybody).ipv4
  expect(server.questions.filter((question) => question === 'one.test A')).toHaveLength(2)
})

test('waits a moment only for the family that is late', async () => {
  const server = await startDnsServer({ 'both.test': { addresses: ['192.0.2.1', '2001:db8::1'] } })
  server.hold('both.test AAAA')
  const { found, isWhole } = await earlyAnswer(byServers([server.at]).find('both.test', anybody))
  expect([found.addresses, isWhole]).toEqual([['192.0.2.1'], false])
})

test('waits for the other family if the first has no addresses', async () => {
  const server = await startDnsServer({ 'four.test': { addresses: ['192.0.2.1'] } })
  server.hold('four.test A')
  const found = find(server.at, 'four.test')
  await eventually(() => expect(server.questions).toHaveLength(2))
  server.release()
  expect((await found).addresses).toEqual(['192.0.2.1'])
})

test.each([
  ['localhost', ['::1', '127.0.0.1']],
  ['app.localhost', ['::1', '127.0.0.1']],
  ['fe80::1%lo', ['fe80::1%lo']],
  ['localhost.test', undefined],
])('knows of %s without asking: %j', (name, addresses) => {
  expect(byServers(['192.0.2.53']).findLocally(name)).toEqual(addresses)
})
