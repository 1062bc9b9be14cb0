import { expect, test } from 'vitest'
import { Failure } from '../../daemon/failure.ts'
import { configure } from '../../daemon/settings/configuration.ts'
import { mayBeOpen, refuseOpenProxy } from '../../daemon/settings/open-proxy.ts'
import type { Settings } from '../../shared/settings.ts'

function settingsOf(flags: Partial<Settings>) {
  return configure(flags, {}, {}, 1000).values
}

const loopback = ['127.0.0.1', '127.8.9.1', '::1', '0:0:0:0:0:0:0:1', '::ffff:127.0.0.1']
const everywhere = ['127.0.0.1', '0.0.0.0']

test.each([
  [{}, 0],
  [{ 'socks-addr': loopback, auth: 'none' }, 0],
  [{ 'socks-addr': everywhere }, 1],
  [{ 'socks-addr': everywhere, auth: 'required' }, 0],
  [{ 'socks-addr': everywhere, 'open-proxy': true }, 0],
  [{ 'socks-addr': everywhere, 'open-proxy': true, auth: 'none' }, 1],
] as const)('serves %j with %i users', (flags, users) => {
  expect(() => refuseOpenProxy(settingsOf(flags), users)).not.toThrow()
})

test.each([
  [{ 'socks-addr': everywhere }, 0, /0\.0\.0\.0 .*add a user.*--open-proxy/],
  [{ 'socks-addr': ['::'] }, 0, /:: .*--open-proxy/],
  [{ 'socks-addr': ['192.0.2.1'] }, 0, /192\.0\.2\.1 .*--open-proxy/],
  [{ 'socks-addr': ['::ffff:192.0.2.1'] }, 0, /--open-proxy/],
  [{ 'socks-addr': everywhere, auth: 'none' }, 5, /--auth auto.*--open-proxy/],
] as const)('refuses %j with %i users', (flags, users, line) => {
  const attempt = () => refuseOpenProxy(settingsOf(flags), users)
  expect(attempt).toThrow(Failure)
  expect(attempt).toThrow(line)
})

test('a proxy that other machines reach may only be open if that was asked for', () => {
  expect(mayBeOpen(settingsOf({}))).toBe(true)
  expect(mayBeOpen(settingsOf({ 'socks-addr': everywhere }))).toBe(false)
  expect(mayBeOpen(settingsOf({ 'socks-addr': everywhere, 'open-proxy': true }))).toBe(true)
})
