import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished } from 'vitest'
import { temporaryFolders } from './daemon.ts'
import { eventually } from './eventually.ts'
import { temporaryFolder } from './temporary-folder.ts'

const script = fileURLToPath(new URL('./systemd.py', import.meta.url))
const program = fileURLToPath(new URL('../../dist/proxyd.js', import.meta.url))

export interface UnitOptions {
  /** `uid`: who has opened it. */
  readonly sockets?: readonly { name: string; address: string; port: number; uid?: number }[]
  /** Milliseconds. */
  readonly watchdog?: number
  readonly restart?: boolean
}

/** A proxyd that something starts which acts as systemd does. */
export interface Unit {
  readonly runtime: string
  /** Of the process that was started last. */
  pid(): number
  /** What it was told, in order; descriptors as their number behind it. */
  readonly heard: readonly string[]
  /** How processes have ended. */
  readonly ended: readonly number[]
  stderr(): string
  hears(pattern: RegExp | string): Promise<void>
}

export async function startUnit(args: readonly string[], options: UnitOptions = {}): Promise<Unit> {
  const { state, runtime } = await temporaryFolders()
  const notify = join(await temporaryFolder(), 'notify')
  const command = [process.execPath, program, '--state-dir', state, '--runtime-dir', runtime, ...args]
  const child = spawn('python3', [script, JSON.stringify({ ...options, notify }), ...command], {
    stdio: ['pipe', 'ignore', 'pipe', 'pipe'],
  })
  onTestFinished(async () => {
    child.stdin?.destroy()
    if (child.exitCode === null) await once(child, 'exit')
  })
  let [stderr, pid] = ['', 0]
  child.stderr?.setEncoding('utf8').on('data', (text) => (stderr += text))
  const [heard, ended]: [string[], number[]] = [[], []]
  createInterface({ input: child.stdio[3] as Readable }).on('line', (line) => {
    const told = JSON.parse(line)
    if (told.started) pid = told.started
    if (told.heard) heard.push(told.fds > 0 ? `${told.heard} ${told.fds}` : told.heard)
    if (told.ended) ended.push(told.status)
  })
  const hears = (pattern: RegExp | string) => {
    return eventually(() => expect(heard, stderr).toContainEqual(expect.stringMatching(pattern)))
  }
  return { runtime, pid: () => pid, heard, ended, stderr: () => stderr, hears }
}
