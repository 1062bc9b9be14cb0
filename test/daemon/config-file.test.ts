import {
  chmodSync,
  chownSync,
  closeSync,
  lchownSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
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

async function refusalOf(reading: Promise<unknown>): Promise<Failure> {
  try {
    await reading
  } catch (error) {
    if (error instanceof Failure) return error
    throw error
  }
  throw new Error('was accepted')
}

test('reads every type of setting under the name of its flag', async () => {
  const text = 'socks-addr = ["127.0.0.2"]\nsocks-port = 1081\nopen-proxy = true\nauth = "required"\nstate-dir = "/x"\n'
  expect(await read(text)).toEqual({
    'socks-addr': ['127.0.0.2'],
    'socks-port': 1081,
    'open-proxy': true,
    auth: 'required',
    'state-dir': '/x',
  })
})

test('refuses what has no end, and a file that is longer than any config', async () => {
  expect(await refusalOf(readConfigFile('/dev/zero'))).toMatchObject({
    status: 2,
    message: expect.stringMatching(/more than 1048576 bytes/),
  })
  expect((await refusalOf(read('#'.repeat(1_048_577)))).message).toMatch(/more than 1048576 bytes/)
  expect(await read('#'.repeat(1_048_576))).toEqual({})
})

/** Root alone can give files away. */
const testAsRoot = test.runIf(process.geteuid?.() === 0)

test.each([0o620, 0o602, 0o666])('refuses a file of mode %o, which others can write', async (mode) => {
  writeFileSync(file, '')
  chmodSync(file, mode)
  onTestFinished(() => chmodSync(file, 0o600))
  const refusal = await refusalOf(readConfigFile(file))
  expect(refusal.status).toBe(1)
  expect(refusal.message).toContain(`chmod go-w ${file}`)
})

testAsRoot("refuses a file of somebody else's, and takes one of root's", async () => {
  writeFileSync(file, '')
  onTestFinished(() => chownSync(file, 0, 0))
  chownSync(file, 65_534, 0)
  const refusal = await refusalOf(readConfigFile(file))
  expect(refusal.status).toBe(1)
  expect(refusal.message).toContain('belongs to another user')
  chownSync(file, 0, 0)
  const geteuid = vi.spyOn(process as Required<typeof process>, 'geteuid').mockReturnValue(1000)
  onTestFinished(() => geteuid.mockRestore())
  expect(await readConfigFile(file)).toEqual({})
})

test.each([
  ['a folder that everybody can write to', 0o777, false],
  ['one with a sticky bit, where everybody can take a name first', 0o1777, false],
  ["one of another user's group", 0o775, false],
  ['one that others can only look into', 0o755, true],
])('the place of a file, %s: taken, %s', async (_, mode, isTaken) => {
  const folder = join(directory, `mode-${mode}`)
  mkdirSync(folder)
  chownSync(folder, process.geteuid?.() ?? -1, mode === 0o775 && process.geteuid?.() === 0 ? 65_534 : -1)
  chmodSync(folder, mode)
  const place = join(folder, 'proxyd.toml')
  writeFileSync(place, '')
  // Wherever a link to it lies.
  const link = join(directory, `link-${mode}`)
  symlinkSync(place, link)
  for (const path of [place, link]) {
    if (isTaken) expect(await readConfigFile(path)).toEqual({})
    else
      expect(await refusalOf(readConfigFile(path))).toMatchObject({
        status: 1,
        message: expect.stringMatching(/others can put/),
      })
  }
})

testAsRoot('a link on the way that somebody else has laid is not followed, from a folder of all neither', async () => {
  const open = join(directory, 'open')
  mkdirSync(open)
  chmodSync(open, 0o1777)
  writeFileSync(file, '')
  symlinkSync(directory, join(open, 'ours'))
  symlinkSync(directory, join(open, 'theirs'))
  lchownSync(join(open, 'theirs'), 65_534, 65_534)
  expect(await readConfigFile(join(open, 'ours', 'proxyd.toml'))).toEqual({})
  expect((await refusalOf(readConfigFile(join(open, 'theirs', 'proxyd.toml')))).message).toContain(
    'is a link of theirs',
  )
})

test('takes what a shell has opened, wherever it lies', async () => {
  const open = join(directory, 'opened')
  mkdirSync(open)
  chmodSync(open, 0o1777)
  writeFileSync(join(open, 'heredoc'), 'socks-port = 1081')
  const fd = openSync(join(open, 'heredoc'), 'r')
  onTestFinished(() => closeSync(fd))
  rmSync(join(open, 'heredoc'))
  expect(await readConfigFile(`/dev/fd/${fd}`)).toEqual({ 'socks-port': 1081 })
})

test.each([
  [0o600, true],
  [0o640, true],
  [0o644, false],
])('passwords in a file of mode %o: taken, %s', async (mode, isTaken) => {
  writeFileSync(file, 'user = ["bob:hunter2"]')
  chmodSync(file, mode)
  onTestFinished(() => chmodSync(file, 0o600))
  if (isTaken) return expect(await readConfigFile(file)).toEqual({ user: ['bob:hunter2'] })
  const refusal = await refusalOf(readConfigFile(file))
  expect(refusal.status).toBe(1)
  expect(refusal.message).toContain(`chmod o-r ${file}`)
})

test('a time is written as people write it, or as the number of it', async () => {
  const text = 'timeout-idle = "1h30m"\ntimeout-udp = 5000\ntcp-keepalive = "1m"'
  expect(await read(text)).toEqual({ 'timeout-idle': 5_400_000, 'timeout-udp': 5000, 'tcp-keepalive': 60 })
})

test('an empty file changes nothing', async () => {
  expect(await read('')).toEqual({})
})

test.each([
  ['socks_port = 1', /unknown key "socks_port"; it is spelt socks-port$/],
  ['toString = 1', /unknown key "toString"; .*--help/],
  ['[socks]\nport = 1', /unknown key "socks"/],
  ['socks-port = "1080"', /socks-port must be a whole number from 0 to 65535$/],
  [
    'timeout-idle = "soon"',
    /timeout-idle must be a time from 100ms to 1d, such as 90s or 1h30m, or a whole number of milliseconds$/,
  ],
  ['state-dir = "/var/lib\\u0000/proxyd"', /state-dir must not contain NUL characters$/],
  ['timeout-idle = "2d"', /timeout-idle must be a time/],
  ['timeout_idle = 5', /it is spelt timeout-idle$/],
  ['sock-port = 5', /unknown key "sock-port"; perhaps socks-port is meant$/],
  ['socks-port = 1.5', /socks-port must be a whole number/],
  ['open-proxy = "yes"', /open-proxy must be true or false$/],
  ['auth = "sometimes"', /auth must be one of auto, required, none$/],
  ['socks-addr = "::1"', /socks-addr must be a list of texts$/],
  ['socks-addr = []', /socks-addr needs at least one address$/],
  ['socks-addr = ["here"]', /socks-addr needs an IPv4 or IPv6 address/],
  ['control-addr = ["192.0.2.1"]', /control-addr .*TLS/],
  ['log-level = 1979-05-27', /log-level must be one of/],
])('refuses %j in one line that names the file', async (text, message) => {
  const refusal = await refusalOf(read(text))
  expect(refusal.status).toBe(2)
  expect(refusal.message).toMatch(message)
  expect(refusal.message.startsWith(`${file}: `)).toBe(true)
  expect(refusal.message).not.toContain('\n')
})

test('points at the place where the TOML breaks, without quoting a secret from it', async () => {
  const refusal = await refusalOf(read('socks-port = 1\nuser = ["bob:hunter2]\n'))
  expect(refusal.status).toBe(2)
  expect(refusal.message).toContain(`${file}:2:`)
  expect(refusal.message).not.toMatch(/\n|hunter2/)
})

test('names a file that is not there', async () => {
  const missing = join(directory, 'missing.toml')
  const refusal = await refusalOf(readConfigFile(missing))
  expect(refusal.status).toBe(2)
  expect(refusal.message).toContain(missing)
  expect(refusal.message).toMatch(/: there is no such file: make it first, or name another with --config$/)
})
