import { constants, fstatSync, openSync, writeSync } from 'node:fs'
import { isatty } from 'node:tty'
import { errnoOf } from './failure.ts'

/** Bytes that may wait for whoever reads; what comes after is lost rather than waited for. */
const mostWaiting = 1024 * 1024
/** Milliseconds until a terminal that took no more is asked again. */
const pause = 20

/** Takes lines without ever waiting: for a terminal that was stopped, a reader that is stuck or gone, a full disk. */
export interface Output {
  /** `line` with its end. */
  write(line: string): void
}

/** For stdout or stderr; `tellLost` hears how many lines were lost once others get through again. */
export function openOutput(
  stream: NodeJS.WriteStream & { readonly fd: number },
  tellLost: (lines: number) => void = () => {},
): Output {
  const { fd } = stream
  if (isatty(fd)) {
    const own = reopenTerminal(fd)
    return own === undefined ? new StreamOutput(stream, tellLost) : new DescriptorOutput(own, tellLost)
  }
  // Node writes to these without waiting; to a file it does not, and after one error never again.
  const stat = fstatSync(fd)
  return stat.isFIFO() || stat.isSocket() ? new StreamOutput(stream, tellLost) : new DescriptorOutput(fd, tellLost)
}

/**
 * A descriptor that does not wait, of its own, for the mode of the one given is the shell's too. Undefined where there is
 * no /proc, or where the terminal is another user's: there Node's own stream waits for a terminal that was stopped.
 */
function reopenTerminal(fd: number): number | undefined {
  try {
    return openSync(`/proc/self/fd/${fd}`, constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY)
  } catch {
    return undefined
  }
}

/** How many lines were lost since that was last told. */
class Losses {
  #lines = 0
  readonly #tell: (lines: number) => void

  constructor(tell: (lines: number) => void) {
    this.#tell = tell
  }

  add(lines: number): void {
    this.#lines += lines
  }

  tell(): void {
    const lines = this.#lines
    if (lines === 0) return
    this.#lines = 0
    this.#tell(lines)
  }
}

/** For a file, or a descriptor with O_NONBLOCK. */
export class DescriptorOutput implements Output {
  readonly #fd: number
  readonly #losses: Losses
  readonly #waiting: Buffer[] = []
  #bytes = 0
  #timer: NodeJS.Timeout | undefined

  constructor(fd: number, tellLost: (lines: number) => void) {
    this.#fd = fd
    this.#losses = new Losses(tellLost)
  }

  write(line: string): void {
    const bytes = Buffer.from(line)
    if (this.#bytes + bytes.length > mostWaiting) return this.#losses.add(1)
    this.#waiting.push(bytes)
    this.#bytes += bytes.length
    if (this.#timer === undefined) this.#flush()
  }

  #flush(): void {
    this.#timer = undefined
    try {
      for (let next = this.#waiting[0]; next; next = this.#waiting[0]) {
        const written = writeSync(this.#fd, next)
        this.#bytes -= written
        if (written === next.length) this.#waiting.shift()
        else this.#waiting[0] = next.subarray(written)
      }
    } catch (error) {
      if (errnoOf(error) === 'EAGAIN') {
        this.#timer = setTimeout(() => this.#flush(), pause)
        return
      }
      this.#losses.add(this.#waiting.length)
      this.#waiting.length = 0
      this.#bytes = 0
      return
    }
    this.#losses.tell()
  }
}

/** For a pipe or a socket, whose stream queues what is not taken. */
class StreamOutput implements Output {
  readonly #stream: NodeJS.WriteStream
  readonly #losses: Losses

  constructor(stream: NodeJS.WriteStream, tellLost: (lines: number) => void) {
    this.#stream = stream
    this.#losses = new Losses(tellLost)
    stream.on('drain', () => this.#losses.tell())
  }

  write(line: string): void {
    if (this.#stream.writableLength + Buffer.byteLength(line) > mostWaiting) this.#losses.add(1)
    else this.#stream.write(line)
  }
}
