import { expect, test } from 'vitest'
import { Failure } from '../../daemon/failure.ts'
import { configure } from '../../daemon/settings/configuration.ts'
import {
  mayBeOpen,
  openProxyAhead,
  openProxyWarning,
  passwordRequired,
  refuseOpenProxy,
} from '../../daemon/settings/open-proxy.ts'
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
  [{ 'proxy-protocol-from': ['127.0.0.1'] }, 1],
] as const)('serves %j with %i users', (flags, users) => {
  expect(() => refuseOpenProxy(settingsOf(flags), users)).not.toThrow()
})

test.each([
  [{ 'socks-addr': everywhere }, 0, /0\.0\.0\.0 .*add a user.*--open-proxy/],
  [{ 'socks-addr': ['::'] }, 0, /:: .*--open-proxy/],
  [{ 'socks-addr': ['192.0.2.1'] }, 0, /192\.0\.2\.1 .*--open-proxy/],
  [{ 'socks-addr': ['::ffff:192.0.2.1'] }, 0, /--open-proxy/],
  [{ 'proxy-protocol-from': ['127.0.0.1'] }, 0, /SOCKS behind 127\.0\.0\.1 .*add a user.*--open-proxy/],
  [{ 'socks-addr': everywhere, auth: 'none' }, 5, /--auth auto.*--open-proxy/],
] as const)('refuses %j with %i users', (flags, users, line) => {
  const attempt = () => refuseOpenProxy(settingsOf(flags), users)
  expect(attempt).toThrow(Failure)
  expect(attempt).toThrow(line)
})

test('a proxy that other machines reach may only be open if that was asked for', () => {
  expect(mayBeOpen(settingsOf({}))).toBe(true)
  expect(mayBeOpen(settingsOf({ 'socks-addr': everywhere }))).toBe(false)
  expect(mayBeOpen(settingsOf({ 'proxy-protocol-from': ['::1'] }))).toBe(false)
  expect(mayBeOpen(settingsOf({ 'socks-addr': everywhere, 'open-proxy': true }))).toBe(true)
})

test.each([
  [{}, 0, false],
  [{}, 1, true],
  [{ 'socks-addr': everywhere }, 0, true],
  [{ 'socks-addr': everywhere }, 1, true],
  [{ 'socks-addr': everywhere, 'open-proxy': true }, 0, false],
  [{ auth: 'required' }, 0, true],
  [{ auth: 'none' }, 1, false],
] as const)('asks by %j and with %i users for a password: %s', (flags, users, required) => {
  expect(passwordRequired(settingsOf(flags), users)).toBe(required)
})

test('who serves other machines without a password is told where', () => {
  const at = (address: string) => ({ address, port: 1080 })
  expect(openProxyWarning([at('127.0.0.1'), at('::1')], [])).toBeUndefined()
  expect(openProxyWarning([at('127.0.0.1')], ['::1'])).toMatch(
    /^anyone who reaches the balancer ::1 may use this proxy:/,
  )
  expect(openProxyWarning([at('0.0.0.0'), at('::1'), at('::')], [])).toMatch(
    /^anyone who reaches 0\.0\.0\.0 port 1080 or :: port 1080 may use this proxy:/,
  )
})

test.each([
  [{}, 0, false],
  [{ auth: 'none' }, 0, false],
  [{ 'open-proxy': true }, 0, true],
  [{ 'open-proxy': true }, 1, false],
  [{ 'open-proxy': true, auth: 'none' }, 1, true],
  [{ 'open-proxy': true, auth: 'required' }, 0, false],
] as const)(
  '%j with %i users on loopback would be open to other machines at a later start: %s',
  (flags, users, open) => {
    expect(openProxyAhead(settingsOf(flags), users)).toHaveLength(open ? 1 : 0)
  },
)
