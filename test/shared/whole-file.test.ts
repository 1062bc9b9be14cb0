import { execFileSync, spawn } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readFileOrPipe, readPlainFile } from '../../shared/whole-file.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'

const readers = { readPlainFile, readFileOrPipe }
const text = 'proxyd '.repeat(30_000)

async function fifo(): Promise<string> {
  const path = join(await temporaryFolder(), 'fifo')
  execFileSync('mkfifo', [path])
  return path
}

test.each(Object.entries(readers))('%s gives a file whole, up to its last byte and no further', async (_, read) => {
  const path = join(await temporaryFolder(), 'file')
  writeFileSync(path, text)
  expect(`${await read(path, text.length)}`).toBe(text)
  await expect(async () => read(path, text.length - 1)).rejects.toThrow(`has more than ${text.length - 1} bytes`)
  await expect(async () => read(`${path}x`, 1)).rejects.toMatchObject({ code: 'ENOENT' })
})

test.each(Object.entries(readers))('%s has what it reads judged first', async (_, read) => {
  const path = join(await temporaryFolder(), 'file')
  writeFileSync(path, text)
  const judge = ({ size }: { size: number }) => {
    throw new Error(`judged ${size}`)
  }
  await expect(async () => read(path, 1, judge)).rejects.toThrow(`judged ${text.length}`)
})

test('what is no plain file is waited for by none who wants one', async () => {
  const folder = join(await temporaryFolder(), 'folder')
  mkdirSync(folder)
  for (const path of [await fifo(), folder, '/dev/zero'])
    expect(() => readPlainFile(path, 64)).toThrow('is no plain file')
})

test('a pipe is read to its end, whenever its writer comes, and however slowly it goes', async () => {
  const path = await fifo()
  const read = readFileOrPipe(path, text.length)
  const writer = await open(path, 'w')
  await writer.write(text.slice(0, 7))
  await writer.write(text.slice(7))
  await writer.close()
  expect(`${await read}`).toBe(text)
})

test('a pipe has its limit of bytes, and of patience', async () => {
  await expect(readFileOrPipe('/dev/zero', 64)).rejects.toThrow('has more than 64 bytes')
  await expect(readFileOrPipe(await fifo(), 64, () => {}, 0)).rejects.toThrow('nothing has come out of it for 0 s')
  const path = await fifo()
  const writer = spawn('sh', ['-c', `exec 3> ${path}; printf begun >&3; exec sleep 60`])
  try {
    await expect(readFileOrPipe(path, 64, () => {}, 2000)).rejects.toThrow('nothing has come out of it for 2 s')
  } finally {
    writer.kill()
  }
})
