import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import type { Load, OriginPorts, Progress } from './load/protocol.ts'

/** Processes that make and receive the load, so that neither shares a thread with what is measured. */

type End = Extract<Progress, { event: 'end' }>
type Process = ChildProcessByStdio<Writable, Readable, null>

export interface Origin {
  readonly ports: OriginPorts
  stop(): void
}

export async function startOrigin(): Promise<Origin> {
  const child = launch('origin.ts')
  const [line] = await once(createInterface(child.stdout), 'line')
  return { ports: JSON.parse(line), stop: () => void child.kill('SIGKILL') }
}

/**
 * Run a load to its end. `onBegin` is called when the measured time begins and `onEnd` when it is over, with whatever
 * the former returned.
 */
export async function runLoad<T>(load: Load, onBegin: () => T | Promise<T>): Promise<{ end: End; begin: T }> {
  const child = launch('clients.ts', JSON.stringify(load))
  let begin: T | undefined
  let end: End | undefined
  for await (const line of createInterface(child.stdout)) {
    const progress: Progress = JSON.parse(line)
    if (progress.event === 'end') end = progress
    else begin = await onBegin()
    if (load.kind === 'hold' && progress.event === 'begin') child.stdin.end()
  }
  if (!end || begin === undefined) throw new Error(`the load failed: ${JSON.stringify(load)}`)
  return { end, begin }
}

function launch(file: string, ...args: string[]): Process {
  const path = fileURLToPath(new URL(`./load/${file}`, import.meta.url))
  return spawn(process.execPath, [path, ...args], { stdio: ['pipe', 'pipe', 'inherit'] })
}
