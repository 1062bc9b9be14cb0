import { execFile } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { longestTest } from './patience.ts'

/** The path of the first of these programs that this machine has; undefined after a warning, for tests to be skipped. */
export function findProgram(...names: readonly string[]): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter)
  const found = names.flatMap((name) => folders.map((folder) => join(folder, name))).find(isExecutable)
  if (found === undefined) console.warn(`SKIPPED: tests that need ${names.join(' or ')}, which this machine lacks`)
  return found
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

export interface Outcome {
  /** Null if a signal ended it. */
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Run a program to its end, at most `longest` milliseconds, or `longestTest`, with `input` on its stdin. */
export function run(
  program: string,
  args: readonly string[],
  options: { readonly input?: string; readonly env?: NodeJS.ProcessEnv; readonly longest?: number } = {},
): Promise<Outcome> {
  const limits = {
    timeout: options.longest ?? longestTest,
    killSignal: 'SIGKILL',
    maxBuffer: 64 * 1024 * 1024,
  } as const
  return new Promise((resolve) => {
    const child = execFile(program, args, { ...limits, env: options.env }, (error, stdout, stderr) => {
      const status = error === null ? 0 : typeof error.code === 'number' ? error.code : null
      resolve({ status, stdout, stderr })
    })
    // Who has ended without reading leaves its input behind.
    child.stdin?.on('error', () => {}).end(options.input)
  })
}
