import { execFileSync } from 'node:child_process'
import { closeSync, constants, openSync, readSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { DescriptorOutput } from '../../daemon/output.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'

const line = `${'x'.repeat(1023)}\n`

/** Reads all that is there. */
function readAll(fd: number): string {
  const buffer = Buffer.alloc(64 * 1024)
  let text = ''
  for (;;) {
    try {
      text += buffer.toString('latin1', 0, readSync(fd, buffer))
    } catch {
      return text
    }
  }
}

test('keeps 1 MiB for a reader that is stuck, loses the rest, and tells how many lines that were', async () => {
  const fifo = join(await temporaryFolder(), 'fifo')
  execFileSync('mkfifo', [fifo])
  const fd = openSync(fifo, constants.O_RDWR | constants.O_NONBLOCK)
  onTestFinished(() => closeSync(fd))
  const told: number[] = []
  const output = new DescriptorOutput(fd, (lines) => told.push(lines))

  for (let i = 0; i < 2048; i++) output.write(line)
  expect(told).toEqual([])
  let text = ''
  await vi.waitFor(
    () => {
      text += readAll(fd)
      expect(told).toHaveLength(1)
    },
    { timeout: 30_000, interval: 5 },
  )
  text += readAll(fd)
  const kept = text.length / line.length
  expect(text).toBe(line.repeat(kept))
  expect(kept).toBeGreaterThanOrEqual(1024)
  expect(kept + (told[0] ?? 0)).toBe(2048)

  output.write('again\n')
  expect(readAll(fd)).toBe('again\n')
  expect(told).toHaveLength(1)
})

test('a device that is full takes nothing, and nothing fails', () => {
  const fd = openSync('/dev/full', 'w')
  onTestFinished(() => closeSync(fd))
  const told: number[] = []
  const output = new DescriptorOutput(fd, (lines) => told.push(lines))
  for (let i = 0; i < 2048; i++) output.write(line)
  expect(told).toEqual([])
})
