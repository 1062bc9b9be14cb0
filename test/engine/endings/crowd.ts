import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'
import type { Orders, Report } from './report.ts'

const program = fileURLToPath(new URL('./main.ts', import.meta.url))

/** Let a crowd in, from a process of its own; resolves when its last connection has ended. */
export async function letIn(orders: Orders): Promise<Report> {
  const child = spawn(process.execPath, [program, JSON.stringify(orders)], { stdio: ['ignore', 'pipe', 'inherit'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  return JSON.parse(await text(child.stdout))
}
