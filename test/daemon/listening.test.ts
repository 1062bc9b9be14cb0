import { expect, test, vi } from 'vitest'
import { Failure } from '../../daemon/failure.ts'
import { listenFailure, presentAddresses } from '../../daemon/listening.ts'

/** Reserved for documentation (RFC 5737, RFC 3849): no machine has them. */
const absent = ['192.0.2.1', '2001:db8::1']

test('a default address that this machine lacks is left out with a warning', async () => {
  const warn = vi.fn()
  expect(await presentAddresses('socks', ['127.0.0.1', ...absent], warn)).toEqual(['127.0.0.1'])
  expect(warn.mock.calls.flat()).toEqual(absent.map((address) => expect.stringContaining(address)))
})

test('without any address there is nothing to serve', async () => {
  const warn = vi.fn()
  await expect(presentAddresses('control', absent, warn)).rejects.toThrow(/192\.0\.2\.1, 2001:db8::1.*-L/)
  expect(warn).not.toHaveBeenCalled()
})

test.each([
  ['EADDRINUSE', /port 80 on ::1 is taken.*-p/],
  ['EACCES', /port 80 on ::1 is not for this user.*-p/],
  ['EADDRNOTAVAIL', /no address ::1.*-l/],
  ['EAFNOSUPPORT', /no address ::1.*-l/],
  ['EMFILE', /EMFILE.*-l/],
])('%s has its cause and mend', (code, line) => {
  const failure = listenFailure('socks', { address: '::1', port: 80 }, code)
  expect(failure).toBeInstanceOf(Failure)
  expect(failure).toMatchObject({ status: 1, message: expect.stringMatching(line) })
})
