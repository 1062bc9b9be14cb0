import { writeSync } from 'node:fs'
import { complain, exitStatus } from './failure.ts'

/** Node's own stream, once standard output makes us wait: to make it costs a command 1.5 ms. */
let stream: NodeJS.WriteStream | undefined

/** Write text to standard output. If that fails the process ends, with a complaint unless whoever read it has gone. */
export function writeOut(text: string): void {
  if (stream) {
    stream.write(text)
    return
  }
  let rest = Buffer.from(text)
  try {
    while (rest.length > 0) rest = rest.subarray(writeSync(1, rest))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') endAt(error as NodeJS.ErrnoException)
    // A pipe is full that others who have it want not to wait for.
    endQuietly()
    stream = process.stdout
    stream.write(rest)
  }
}

/** Resolves when all of it is written. */
export function allWritten(): Promise<void> {
  return new Promise((resolve) => (stream ? stream.write('', () => resolve()) : resolve()))
}

/** Whoever reads our output may stop, as `head` does: what is left is not wanted then. */
export function endQuietly(): void {
  process.stdout.on('error', endAt)
}

function endAt({ code, message }: NodeJS.ErrnoException): never {
  if (code === 'EPIPE') process.exit(exitStatus.done)
  complain(`cannot write the output: ${message}`)
  process.exit(exitStatus.refused)
}
