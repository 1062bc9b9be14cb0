import { chmod, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { targetsAt } from '../../tui/options/passwords.ts'
import type { OperatorPlace } from '../../tui/options/place.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'

/** What a login with this password file would use. */
async function passwordFrom(passwordFile: string | undefined): Promise<string> {
  const place: OperatorPlace = { kind: 'tcp', host: 'h', port: 1, operator: 'eve', passwordFile }
  const [target] = targetsAt([place], async ({ operator }) => `asked ${operator}`)
  if (!target || !('operator' in target) || typeof target.password === 'string') throw new Error('asks for nothing')
  return target.password()
}

async function fileOf(content: string | Buffer, mode = 0o600): Promise<string> {
  const path = join(await temporaryFolder(), 'password')
  await writeFile(path, content)
  await chmod(path, mode)
  return path
}

test.each([
  ['hunter 2', 'hunter 2'],
  ['hünter\n', 'hünter'],
  ['  spaces count \r\n', '  spaces count '],
])('%j gives %j', async (content, password) => {
  expect(await passwordFrom(await fileOf(content, 0o400))).toBe(password)
})

test('the file is read at each login, so it can be mended', async () => {
  const path = await fileOf('one')
  expect(await passwordFrom(path)).toBe('one')
  await writeFile(path, 'two')
  expect(await passwordFrom(path)).toBe('two')
})

test('without a file somebody is asked', async () => {
  expect(await passwordFrom(undefined)).toBe('asked eve')
})

test.each([
  ['', 'it does not hold one line'],
  ['\n', 'it does not hold one line'],
  ['hunter2\nhunter2\n', 'it does not hold one line'],
  ['hunter2'.repeat(200), 'it has more than 1022 bytes'],
  [Buffer.from('hunter2\xff', 'latin1'), 'it is not UTF-8'],
])('refuses %j, and repeats nothing of it', async (content, problem) => {
  const path = await fileOf(content)
  await expect(passwordFrom(path)).rejects.toThrow(new Error(`cannot use the password file ${path}: ${problem}`))
})

test.each([0o640, 0o604, 0o620, 0o602])('refuses a file of mode %i, which others can touch', async (mode) => {
  await expect(passwordFrom(await fileOf('hunter2', mode))).rejects.toThrow('others can read or write it; chmod 600')
})

test('a link to a private file will do; a folder, or nothing, will not', async () => {
  const folder = await temporaryFolder()
  await symlink(await fileOf('hunter2'), join(folder, 'link'))
  expect(await passwordFrom(join(folder, 'link'))).toBe('hunter2')
  await expect(passwordFrom(folder)).rejects.toThrow('it is no plain file')
  await expect(passwordFrom(join(folder, 'none'))).rejects.toThrow('there is no such file')
})
