import { UsageError } from '../../shared/commands/usage.ts'
import { limits } from '../../shared/protocol/limits.ts'

const lineFeed = 10

/**
 * The lines of a stream of UTF-8, as they come, without their ends (LF or CR LF). The stream is asked for when the
 * first line is. Throws `UsageError` for what cannot be read, what is not UTF-8, and for a line without end.
 */
export async function* readLines(open: () => AsyncIterable<Buffer>): AsyncGenerator<string, undefined> {
  let rest: Buffer = Buffer.alloc(0)
  for await (const chunk of chunksOf(open)) {
    rest = Buffer.concat([rest, chunk])
    for (let end = rest.indexOf(lineFeed); end !== -1; end = rest.indexOf(lineFeed)) {
      yield decode(rest.subarray(0, end))
      rest = rest.subarray(end + 1)
    }
    if (rest.length > limits.line) throw new UsageError('a line of standard input is too long')
  }
  if (rest.length > 0) yield decode(rest)
}

async function* chunksOf(open: () => AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  try {
    yield* open()
  } catch (error) {
    throw new UsageError(`standard input cannot be read: ${(error as Error).message}`)
  }
}

function decode(line: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(line).replace(/\r$/, '')
  } catch {
    throw new UsageError('standard input is not UTF-8')
  }
}
