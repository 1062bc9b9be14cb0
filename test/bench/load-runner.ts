import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { own } from './belongings.ts'
import type { End, Load, OriginPorts, Progress } from './load/protocol.ts'

/** Processes that make and receive the load, so that neither shares a thread with what is measured. */

type Process = ChildProcessByStdio<Writable, Readable, null>

export interface Origin {
  readonly pid: number
  readonly ports: OriginPorts
  stop(): void
}

export async function startOrigin(): Promise<Origin> {
  const child = launch('origin.ts')
  const [line] = await once(createInterface(child.stdout), 'line')
  return { pid: child.pid ?? 0, ports: JSON.parse(line), stop: () => void child.kill('SIGKILL') }
}

/**
 * Run a load to its end. `onBegin` is called when the measured time begins; a load without a length of its own lasts
 * until that has resolved. Rejects if the load cannot be made.
 */
export async function runLoad<T>(load: Load, onBegin: () => T | Promise<T>): Promise<{ end: End; begin: T }> {
  const child = launch('clients.ts', JSON.stringify(load))
  let begun: { begin: T } | undefined
  let end: End | undefined
  try {
    for await (const line of createInterface(child.stdout)) {
      const progress: Progress = JSON.parse(line)
      if (progress.event === 'end') end = progress
      else begun = { begin: await onBegin() }
      if (isEndless(load)) child.stdin.end()
    }
  } finally {
    child.kill('SIGKILL')
  }
  if (!end || !begun) throw new Error(`the load failed: ${JSON.stringify(load)}`)
  return { end, ...begun }
}

/** Whether it goes on until it is told to end. */
function isEndless({ kind }: Load): boolean {
  return kind === 'hold' || kind === 'watch' || kind === 'flood' || kind === 'guesses'
}

function launch(file: 'clients.ts' | 'origin.ts', ...args: string[]): Process {
  const path = fileURLToPath(new URL(`./load/${file}`, import.meta.url))
  return own(spawn(process.execPath, [path, ...args], { stdio: ['pipe', 'pipe', 'inherit'] }))
}
