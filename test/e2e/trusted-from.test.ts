import { expect, test } from 'vitest'
import { bytes } from '../helpers/bytes.ts'
import { startDaemon } from '../helpers/daemon.ts'
import { eventually } from '../helpers/eventually.ts'
import { mostTelling } from '../helpers/most-telling.ts'
import { operate, set } from '../helpers/operate.ts'
import { connectPeer } from '../helpers/peer.ts'
import { greeting } from '../helpers/socks-client.ts'

test('clients from a trusted network come as its user, as long as there is one', async () => {
  const users = ['-u', 'bob:hunter2', '-u', 'lan:hunter2']
  const daemon = await startDaemon([...users, '--trusted-from', '127.0.0.0/8=lan,::2=eve'])
  expect(daemon.stderr).toContain('clients from 127.0.0.0/8 need no password (trusted-from), and count as lan')
  expect(daemon.stderr).toMatch(/clients from ::2 must log in like all others, until there is a user "?\\?"eve/)
  const operator = await operate(daemon)
  expect((await operator.call('status.get')).result.health.trusted).toEqual(['127.0.0.0/8=lan', '::2=eve'])
  const answer = async () => {
    const client = await connectPeer('127.0.0.1', daemon.port('socks'))
    client.write(greeting)
    return { client, method: await client.readHex(2) }
  }
  const { client, method } = await answer()
  expect(method).toBe('0500')
  const { connections } = (await operator.call('connections.list', {})).result
  expect(connections).toMatchObject([{ user: 'lan', protocol: 'socks5' }])
  await operator.call('users.setEnabled', { name: 'lan', enabled: false })
  expect(await client.ending).toBe('ECONNRESET')
  expect((await answer()).method).toBe('05ff')
  await operator.call('users.setEnabled', { name: 'lan', enabled: true })
  expect((await answer()).method).toBe('0500')
  const { warnings } = await set(operator, { 'trusted-from': ['127.0.0.1'] })
  expect(warnings).toContain('clients from 127.0.0.1 need no password (trusted-from), and count as nobody')
  await operator.call('users.remove', { name: 'lan' })
  expect((await answer()).method).toBe('0500')
  await set(operator, { 'trusted-from': [] })
  await eventually(async () => expect((await answer()).method).toBe('05ff'))
  expect((await operator.call('status.get')).result.health).not.toHaveProperty('trusted')
})

test.each(mostTelling)('a login that needs not be is heard, and counts for nothing: %s engine', async (engine) => {
  const flags = ['-u', 'bob:hunter2', '-u', 'lan:hunter2', '--trusted-from', '127.0.0.0/8=lan', '--engine', engine]
  const daemon = await startDaemon(flags)
  const operator = await operate(daemon)
  for (const password of ['hunter2', 'wrong']) {
    const client = await connectPeer('127.0.0.1', daemon.port('socks'))
    client.write(Uint8Array.of(5, 1, 2))
    expect(await client.readHex(2)).toBe('0502')
    client.write(bytes(1, 3, 'bob', password.length, password))
    expect(await client.readHex(2)).toBe('0100')
    const { connections } = (await operator.call('connections.list', {})).result
    expect(connections).toMatchObject([{ user: 'lan' }])
    client.reset()
    await eventually(async () => expect((await operator.call('connections.list', {})).result.connections).toEqual([]))
  }
})
