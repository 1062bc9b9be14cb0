import { chmodSync, chownSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, onTestFinished, test, vi } from 'vitest'
import { Failure } from '../../daemon/failure.ts'
import { readConfigFile } from '../../daemon/settings/config-file.ts'

const directory = mkdtempSync(join(tmpdir(), 'proxyd-config-'))
afterAll(() => rmSync(directory, { recursive: true }))
const file = join(directory, 'proxyd.toml')

function read(text: string) {
  writeFileSync(file, text)
  return readConfigFile(file)
}

function refusalOf(action: () => unknown): Failure {
  try {
    action()
  } catch (error) {
    if (error instanceof Failure) return error
    throw error
  }
  throw new Error('was accepted')
}

test('reads every type of setting under the name of its flag', () => {
  const text = 'socks-addr = ["127.0.0.2"]\nsocks-port = 1081\nopen-proxy = true\nauth = "required"\nstate-dir = "/x"\n'
  expect(read(text)).toEqual({
    'socks-addr': ['127.0.0.2'],
    'socks-port': 1081,
    'open-proxy': true,
    auth: 'required',
    'state-dir': '/x',
  })
})

test('refuses what has no end, and a file that is longer than any config', () => {
  expect(refusalOf(() => readConfigFile('/dev/zero'))).toMatchObject({
    status: 2,
    message: expect.stringMatching(/more than 1048576 bytes/),
  })
  expect(refusalOf(() => read('#'.repeat(1_048_577))).message).toMatch(/more than 1048576 bytes/)
  expect(read('#'.repeat(1_048_576))).toEqual({})
})

/** Root alone can give files away. */
const testAsRoot = test.runIf(process.geteuid?.() === 0)

test.each([0o620, 0o602, 0o666])('refuses a file of mode %o, which others can write', (mode) => {
  writeFileSync(file, '')
  chmodSync(file, mode)
  onTestFinished(() => chmodSync(file, 0o600))
  const refusal = refusalOf(() => readConfigFile(file))
  expect(refusal.status).toBe(1)
  expect(refusal.message).toContain(`chmod go-w ${file}`)
})

testAsRoot("refuses a file of somebody else's, and takes one of root's", () => {
  writeFileSync(file, '')
  onTestFinished(() => chownSync(file, 0, 0))
  chownSync(file, 65_534, 0)
  const refusal = refusalOf(() => readConfigFile(file))
  expect(refusal.status).toBe(1)
  expect(refusal.message).toContain('belongs to another user')
  chownSync(file, 0, 0)
  const geteuid = vi.spyOn(process as Required<typeof process>, 'geteuid').mockReturnValue(1000)
  onTestFinished(() => geteuid.mockRestore())
  expect(readConfigFile(file)).toEqual({})
})

test.each([
  [0o600, true],
  [0o640, true],
  [0o644, false],
])('passwords in a file of mode %o: taken, %s', (mode, isTaken) => {
  writeFileSync(file, 'user = ["bob:hunter2"]')
  chmodSync(file, mode)
  onTestFinished(() => chmodSync(file, 0o600))
  if (isTaken) return expect(readConfigFile(file)).toEqual({ user: ['bob:hunter2'] })
  const refusal = refusalOf(() => readConfigFile(file))
  expect(refusal.status).toBe(1)
  expect(refusal.message).toContain(`chmod o-r ${file}`)
})

test('an empty file changes nothing', () => {
  expect(read('')).toEqual({})
})

test.each([
  ['socks_port = 1', /unknown key "socks_port"; it is spelt socks-port$/],
  ['toString = 1', /unknown key "toString"; .*--help/],
  ['[socks]\nport = 1', /unknown key "socks"/],
  ['socks-port = "1080"', /socks-port must be a whole number from 0 to 65535$/],
  ['socks-port = 1.5', /socks-port must be a whole number/],
  ['open-proxy = "yes"', /open-proxy must be true or false$/],
  ['auth = "sometimes"', /auth must be one of auto, required, none$/],
  ['socks-addr = "::1"', /socks-addr must be a list of texts$/],
  ['socks-addr = []', /socks-addr needs at least one address$/],
  ['socks-addr = ["here"]', /socks-addr needs an IPv4 or IPv6 address/],
  ['control-addr = ["192.0.2.1"]', /control-addr .*TLS/],
  ['log-level = 1979-05-27', /log-level must be one of/],
])('refuses %j in one line that names the file', (text, message) => {
  const refusal = refusalOf(() => read(text))
  expect(refusal.status).toBe(2)
  expect(refusal.message).toMatch(message)
  expect(refusal.message.startsWith(`${file}: `)).toBe(true)
  expect(refusal.message).not.toContain('\n')
})

test('points at the place where the TOML breaks, without quoting a secret from it', () => {
  const refusal = refusalOf(() => read('socks-port = 1\nuser = ["bob:hunter2]\n'))
  expect(refusal.status).toBe(2)
  expect(refusal.message).toContain(`${file}:2:`)
  expect(refusal.message).not.toMatch(/\n|hunter2/)
})

test('names a file that is not there', () => {
  const missing = join(directory, 'missing.toml')
  const refusal = refusalOf(() => readConfigFile(missing))
  expect(refusal.status).toBe(2)
  expect(refusal.message).toContain(missing)
  expect(refusal.message).toContain('ENOENT')
})
