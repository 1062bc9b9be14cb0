import { execFileSync } from 'node:child_process'
import { chmodSync, chownSync, lchownSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it, onTestFinished, vi } from 'vitest'
import { readCookieFile } from '../../tui/client/cookie-file.ts'
import { ConnectionError } from '../../tui/client/error.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'

const cookie = '0123456789abcdef'.repeat(4)
const isRoot = process.geteuid?.() === 0
const [somebody, another] = [4242, 4343]

async function write(text = cookie, mode = 0o600): Promise<string> {
  const path = join(await temporaryFolder(), 'cookie')
  writeFileSync(path, text)
  chmodSync(path, mode)
  return path
}

/** Read it as if this process were somebody's. */
function readAs(uid: number, path: string): string {
  const geteuid = vi.spyOn(process as Required<typeof process>, 'geteuid').mockReturnValue(uid)
  onTestFinished(() => geteuid.mockRestore())
  return readCookieFile(path)
}

it('reads a private file', async () => {
  expect(readCookieFile(await write())).toBe(cookie)
})

it('follows a symbolic link of our own', async () => {
  const link = join(await temporaryFolder(), 'link')
  symlinkSync(await write(), link)
  expect(readCookieFile(link)).toBe(cookie)
})

it.each([0o640, 0o604, 0o620, 0o666])('refuses a file of mode %o', async (mode) => {
  const path = await write(cookie, mode)
  expect(() => readCookieFile(path)).toThrow(/others can read or write it/)
})

it.each(['', 'x', cookie.slice(1), `${cookie}\n`, cookie.toUpperCase(), 'é'.repeat(32)])(
  'refuses a file that holds %j',
  async (text) => {
    const path = await write(text)
    expect(() => readCookieFile(path)).toThrow(/64 (hex digits|bytes)$/)
  },
)

it('names the file and the cause, as a failed login', async () => {
  const path = join(await temporaryFolder(), 'none')
  expect(() => readCookieFile(path)).toThrow(ConnectionError)
  expect(() => readCookieFile(path)).toThrow(
    expect.objectContaining({
      code: 'cookie_missing',
      message: `cannot use the cookie file ${path}: there is no such file; it lies in the daemon's runtime directory`,
    }),
  )
})

it('refuses a folder, and a FIFO without waiting for its writer', async () => {
  const folder = await temporaryFolder()
  mkdirSync(join(folder, 'folder'), { mode: 0o700 })
  execFileSync('mkfifo', ['-m', '600', join(folder, 'fifo')])
  for (const name of ['folder', 'fifo']) expect(() => readCookieFile(join(folder, name))).toThrow(/no plain file/)
})

it.runIf(isRoot)('refuses the file of another user', async () => {
  const path = await write()
  chownSync(path, another, another)
  expect(() => readAs(somebody, path)).toThrow(/belongs to another user/)
  chownSync(path, somebody, somebody)
  expect(readAs(somebody, path)).toBe(cookie)
})

it.runIf(isRoot)('refuses a symbolic link of another user, even to a file of our own', async () => {
  const path = await write()
  chownSync(path, somebody, somebody)
  const link = join(await temporaryFolder(), 'link')
  symlinkSync(path, link)
  lchownSync(link, another, another)
  expect(() => readAs(somebody, link)).toThrow(/symbolic link of another user/)
})

it.runIf(isRoot)("lets root use any user's file", async () => {
  const path = await write()
  chownSync(path, another, another)
  expect(readCookieFile(path)).toBe(cookie)
})
