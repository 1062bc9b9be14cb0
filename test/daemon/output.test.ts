import { execFileSync } from 'node:child_process'
import { closeSync, constants, openSync, readSync } from 'node:fs'
import { Socket } from 'node:net'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { DescriptorOutput, openOutput } from '../../daemon/output.ts'
import { eventually } from '../helpers/eventually.ts'
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

/** How lines get into a pipe of this descriptor. */
const ways = {
  'a descriptor': (fd: number, told: (lines: number) => void) => new DescriptorOutput(fd, told),
  'a stream': (fd: number, told: (lines: number) => void) => {
    const own = openSync(`/proc/self/fd/${fd}`, 'w')
    const stream = Object.assign(new Socket({ fd: own, readable: false, writable: true }), { fd })
    onTestFinished(() => void stream.destroy())
    return openOutput(stream as unknown as NodeJS.WriteStream & { fd: number }, told)
  },
}

test.each(Object.entries(ways))(
  'by %s, it keeps 1 MiB for a reader that is stuck, loses the rest, and tells how many lines that were',
  async (_, open) => {
    const fifo = join(await temporaryFolder(), 'fifo')
    execFileSync('mkfifo', [fifo])
    const fd = openSync(fifo, constants.O_RDWR | constants.O_NONBLOCK)
    onTestFinished(() => closeSync(fd))
    const told: number[] = []
    const output = open(fd, (lines) => told.push(lines))

    for (let i = 0; i < 2048; i++) output.write(line)
    expect(told).toEqual([])
    let text = ''
    const read = async (isThere: () => boolean) =>
      eventually(() => {
        text += readAll(fd)
        expect(isThere()).toBe(true)
      })
    await read(() => told.length === 1)
    const kept = 2048 - (told[0] ?? 0)
    await read(() => text.length === kept * line.length)
    expect(text).toBe(line.repeat(kept))
    expect(kept).toBeGreaterThanOrEqual(1024)

    output.write('again\n')
    await read(() => text.endsWith('again\n'))
    expect(told).toHaveLength(1)
  },
)

test('a device that is full takes nothing, and nothing fails', () => {
  const fd = openSync('/dev/full', 'w')
  onTestFinished(() => closeSync(fd))
  const told: number[] = []
  const output = new DescriptorOutput(fd, (lines) => told.push(lines))
  for (let i = 0; i < 2048; i++) output.write(line)
  expect(told).toEqual([])
})
