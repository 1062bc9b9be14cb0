import { chmodSync, existsSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import type { UsageBatch } from '../../daemon/store/store.ts'
import { UsageSpool } from '../../daemon/store/usage-spool.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'

const batch = (number: number): UsageBatch => {
  return { run: 2 ** 46, number, time: 1_700_000_000_000, rows: Float64Array.of(7, 10, 20, 0, 0, 5, 6, 1) }
}

async function begin() {
  const folder = join(await temporaryFolder(), 'state')
  const open = (node = 'a', secret = 1) =>
    UsageSpool.of(folder, node, { operators: { decoySecret: async () => new Uint8Array(32).fill(secret) } as never })
  const given: UsageBatch[] = []
  const warnings: string[] = []
  const store = { save: async (each: UsageBatch) => void given.push(each) }
  const give = async (spool: UsageSpool) => spool.give(store, (message) => void warnings.push(message))
  return { folder, file: join(folder, 'usage-of-a.spool'), open, given, warnings, give }
}

it('gives the next process of the node what the one before has kept last, and keeps it no longer', async () => {
  const { folder, file, open, given, warnings, give } = await begin()
  expect(await give(await open())).toBe(false)
  const spool = await open()
  await Promise.all([spool.keep([batch(1)]), spool.keep([batch(2), batch(3)])])
  expect(statSync(file).mode & 0o777).toBe(0o600)
  expect(await give(await open('b'))).toBe(false)
  expect(await give(await open())).toBe(true)
  expect(given).toEqual([batch(2), batch(3)])
  expect([readdirSync(folder), warnings]).toEqual([[], []])
})

it('is nothing once the store has all, also what a process before has left', async () => {
  const { file, open } = await begin()
  await (await open()).keep([batch(1)])
  await (await open()).clear()
  expect(existsSync(file)).toBe(false)
})

it('stays where the store fails', async () => {
  const { open, given, give } = await begin()
  await (await open()).keep([batch(1)])
  const away = { save: () => Promise.reject(new Error('away')) }
  await expect((await open()).give(away, () => {})).rejects.toThrow('away')
  await give(await open())
  expect(given).toEqual([batch(1)])
})

it.each<[string, RegExp, (file: string) => void, number?]>([
  ['was torn', /is damaged/, (file) => writeFileSync(file, readFileSync(file).subarray(0, -20))],
  ['was torn between batches', /is damaged/, (file) => writeFileSync(file, readFileSync(file).subarray(0, -1))],
  ['has other numbers', /is damaged/, (file) => writeFileSync(file, `${readFileSync(file)}`.replace(',20,', ',0.5,'))],
  ['is something else', /is damaged/, (file) => writeFileSync(file, 'hello\n')],
  ['is too long', /has more than/, (file) => writeFileSync(file, Buffer.alloc(21 << 20))],
  ['others can write', /others can write/, (file) => chmodSync(file, 0o602)],
  ['others can read', /is open to others/, (file) => chmodSync(file, 0o604)],
  ['is of another store', /is of another store/, () => {}, 2],
])('sets a file aside that %s, and says so in a line', async (_, why, spoil, secret) => {
  const { folder, file, open, given, warnings, give } = await begin()
  await (await open()).keep([batch(1)])
  spoil(file)
  expect(await give(await open('a', secret))).toBe(false)
  expect(warnings).toEqual([expect.stringMatching(why)])
  expect(warnings[0]).toContain(`it is ${file}.aside now`)
  expect([given, readdirSync(folder)]).toEqual([[], ['usage-of-a.spool.aside']])
})

it('writes through no link that lies there', async () => {
  const { folder, file, open } = await begin()
  const spool = await open()
  await spool.keep([batch(1)])
  const other = join(folder, 'other')
  writeFileSync(other, 'mine')
  symlinkSync(other, `${file}.new`)
  await spool.keep([batch(2)])
  expect(readFileSync(other, 'utf8')).toBe('mine')
})
