import { Readable } from 'node:stream'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readLines } from '../../tui/exec/lines.ts'

async function linesOf(...chunks: Uint8Array[]): Promise<string[]> {
  const lines: string[] = []
  for await (const line of readLines(() => Readable.from(chunks.map((chunk) => Buffer.from(chunk))))) lines.push(line)
  return lines
}

test.each([
  ['', []],
  ['\n', ['']],
  ['a', ['a']],
  ['a\nb\n', ['a', 'b']],
  ['a\r\n\r\nb\rc', ['a', '', 'b\rc']],
  ['é\u2028😀\n', ['é\u2028😀']],
])('reads %j', async (text, lines) => {
  expect(await linesOf(Buffer.from(text))).toEqual(lines)
})

test('however the bytes are cut, the lines are the same', async () => {
  const text = fc.array(fc.string({ unit: fc.constantFrom('a', 'é', '😀', '\n', '\r\n') }))
  await fc.assert(
    fc.asyncProperty(text, async (parts) => {
      const whole = Buffer.from(parts.join('\n'))
      expect(await linesOf(...Array.from(whole, (byte) => Uint8Array.of(byte)))).toEqual(await linesOf(whole))
    }),
  )
})

test('a line comes as soon as it has ended', async () => {
  const input = new Readable({ read() {} })
  const lines = readLines(() => input)
  input.push('first\nsec')
  expect(await lines.next()).toEqual({ done: false, value: 'first' })
  input.push('ond\n')
  expect(await lines.next()).toEqual({ done: false, value: 'second' })
  await lines.return(undefined)
  expect(input.destroyed).toBe(true)
})

test('nothing is opened before the first line is wanted', async () => {
  const lines = readLines(() => {
    throw new Error('opened')
  })
  await lines.return(undefined)
})

test('says why a stream cannot be read', async () => {
  const broken = new Readable({ read: () => void broken.destroy(new Error('EIO: i/o error')) })
  await expect(readLines(() => broken).next()).rejects.toThrow('standard input cannot be read: EIO: i/o error')
})

test('refuses what is not UTF-8, and a line without end', async () => {
  await expect(linesOf(Buffer.from([0x61, 0xff, 0x0a]))).rejects.toThrow('not UTF-8')
  await expect(linesOf(Buffer.alloc(1024 * 1024 + 1, 'a'))).rejects.toThrow('too long')
})
