import { fstatSync, statSync, writeSync } from 'node:fs'
import { UsageError } from '../../shared/commands/usage.ts'
import { whyNot } from '../../shared/file-trouble.ts'
import { complain, exitStatus } from './failure.ts'

/** Node's own stream, once standard output makes us wait: to make it costs a command 1.5 ms. */
let stream: NodeJS.WriteStream | undefined

/** What cannot be had again of what is written; undefined: nothing. */
let loss: string | undefined

/**
 * Write text to standard output. If that fails the process ends: with a complaint that has `lost`, what cannot be had again, or without
 * one if there is nothing of the kind and whoever read it has gone.
 */
export function writeOut(text: string, lost?: string): void {
  loss = lost ?? loss
  if (stream) {
    stream.write(text)
    return
  }
  let rest = Buffer.from(text)
  try {
    while (rest.length > 0) rest = rest.subarray(writeSync(1, rest))
    loss = undefined
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') endAt(error as NodeJS.ErrnoException)
    // A pipe is full that others who have it want not to wait for.
    endQuietly()
    stream = process.stdout
    stream.write(rest)
  }
}

/** Throws `UsageError` if it is known that what would be written now cannot be. */
export function demandReader(): void {
  try {
    writeSync(1, '')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw new UsageError(troubleOf(error))
  }
}

/** Whether whoever started us wants to see nothing, or has closed standard output, where Node opens this device then. */
export function isNowhere(): boolean {
  const nowhere = statSync('/dev/null', { throwIfNoEntry: false })
  const ours = fstatSync(1)
  return nowhere !== undefined && ours.isCharacterDevice() && ours.rdev === nowhere.rdev
}

/** Resolves when all of it is written. */
export function allWritten(): Promise<void> {
  return new Promise((resolve) => (stream ? stream.write('', () => resolve()) : resolve()))
}

/** Whoever reads our output may stop, as `head` does: what is left is not wanted then. */
export function endQuietly(): void {
  process.stdout.on('error', endAt)
}

function endAt(error: NodeJS.ErrnoException): never {
  if (error.code === 'EPIPE' && loss === undefined) process.exit(exitStatus.done)
  complain(loss === undefined ? troubleOf(error) : `${troubleOf(error)}; ${loss}`)
  process.exit(exitStatus.refused)
}

function troubleOf(error: unknown): string {
  return `cannot write to standard output: ${whyNot(error, '/', 'send it elsewhere')}`
}
