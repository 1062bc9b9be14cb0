import { type ExecFileException, execFile } from 'node:child_process'
import { whyNot } from '../../shared/file-trouble.ts'
import { Refusal } from '../refusal.ts'

/** Characters of what a program says of its end. */
const mostWords = 2000

/**
 * The last word of what a program prints that is asked for its version, which also tells whether it runs at all, before anything is
 * handed to it. Rejects with a Refusal if it does not, or not within `timeout` milliseconds.
 */
export function versionOnDisk(
  [program, args]: readonly [program: string, args: readonly string[]],
  env: NodeJS.ProcessEnv,
  timeout: number,
): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(program, args, { env, timeout, killSignal: 'SIGKILL' }, (error, stdout, stderr) => {
      const version = stdout.trim().split(/\s+/).at(-1) ?? ''
      if (!error && /\d/.test(version)) return resolve(version)
      const why = error
        ? whyItFails(error, program, stderr, timeout)
        : 'ended well, but told no version: put proxyd there'
      reject(new Refusal('unavailable', `the program on the disk ${why}`))
    })
  })
}

function whyItFails(error: ExecFileException, program: string, stderr: string, timeout: number): string {
  if (error.killed && error.signal === 'SIGKILL')
    return `did not tell its version within ${timeout / 1000} s (timeout-upgrade): put one there that runs`
  if (error.code === 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER') return 'said far more than its version: put proxyd there'
  if (typeof error.code === 'string') return `does not run: ${program}: ${whyNot(error, program, 'see to it')}`
  const end = error.signal ? `was ended by ${error.signal}` : `ended with status ${error.code}`
  return `does not run: ${stderr.trim().slice(0, mostWords) || `it ${end}, and said nothing`}`
}
