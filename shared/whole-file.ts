import { close, closeSync, constants, fstat, fstatSync, open, openSync, read, readSync, type Stats } from 'node:fs'
import { promisify } from 'node:util'

/** Not those of `node:fs/promises`: to load it would cost a command of a terminal 4 ms. */
const [opened, statusOf, readFrom, closed] = [promisify(open), promisify(fstat), promisify(read), promisify(close)]

/** Milliseconds between two looks at a pipe. */
const pause = 20

/** Bytes that are asked for at once. */
const part = 65_536

/** Opening a FIFO would wait for its writer, and a terminal must not become that of a daemon. */
const flags = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY

/** Why a file is not read whole, in words that follow its name: `has more than 64 bytes`. */
export class UnfitFile extends Error {}

/** Looks at the very file that is read, whatever is done to its name meanwhile, and throws if it is not to be. */
type Judge = (status: Stats) => void

/**
 * What a plain file holds. Throws `UnfitFile` for anything else, such as a FIFO that nobody might ever write to, and if it has
 * more than `longest` bytes; system errors as they are.
 */
export function readPlainFile(path: string, longest: number, judge: Judge = () => {}): Buffer {
  const file = openSync(path, flags)
  try {
    const status = fstatSync(file)
    if (!status.isFile()) throw new UnfitFile('is no plain file')
    judge(status)
    const content = new Content(longest)
    for (;;) {
      const bytes = Buffer.allocUnsafe(part)
      const length = readSync(file, bytes)
      if (length === 0) return content.whole()
      content.add(bytes.subarray(0, length))
    }
  } finally {
    closeSync(file)
  }
}

/**
 * As `readPlainFile`, and reads a pipe to its end, such as a shell's for `<(command)`: rejects with `UnfitFile` if nothing comes out
 * of it for `patience` milliseconds.
 */
export async function readFileOrPipe(
  path: string,
  longest: number,
  judge: Judge = () => {},
  patience = 10_000,
): Promise<Buffer> {
  const file = await opened(path, flags)
  try {
    const status = await statusOf(file)
    judge(status)
    const content = new Content(longest)
    for (let lastHeard = performance.now(); ; ) {
      const bytes = Buffer.allocUnsafe(part)
      const length = await readFrom(file, bytes, 0, part, null).then(({ bytesRead }) => bytesRead, nothingYet)
      if (length) {
        lastHeard = performance.now()
        content.add(bytes.subarray(0, length))
      } else if (length === 0 && !(status.isFIFO() && content.isEmpty)) return content.whole()
      // A FIFO has an end also before its first writer has come.
      else if (performance.now() - lastHeard < patience) await new Promise((resolve) => setTimeout(resolve, pause))
      else throw new UnfitFile(`is no plain file, and nothing has come out of it for ${patience / 1000} s`)
    }
  } finally {
    await closed(file)
  }
}

/** What has been read so far. */
class Content {
  readonly #longest: number
  readonly #parts: Buffer[] = []
  #length = 0

  constructor(longest: number) {
    this.#longest = longest
  }

  get isEmpty(): boolean {
    return this.#length === 0
  }

  /** A device never ends, and a file may grow meanwhile. */
  add(bytes: Buffer): void {
    this.#length += bytes.length
    if (this.#length > this.#longest) throw new UnfitFile(`has more than ${this.#longest} bytes`)
    this.#parts.push(bytes)
  }

  whole(): Buffer {
    return Buffer.concat(this.#parts)
  }
}

function nothingYet(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'EAGAIN') throw error
}
