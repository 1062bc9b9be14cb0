import '../shared/no-debugger.ts'
import { version } from '../shared/version.ts'
import { complain, exitStatus } from './exec/failure.ts'
import { allWritten, endQuietly, writeOut } from './exec/output.ts'
import { type CommandLine, readCommandLine } from './options/command-line.ts'

void main().then((status) => {
  process.exitCode = status
})

async function main(): Promise<number> {
  let asked: CommandLine
  try {
    asked = await readCommandLine(process.argv.slice(2), {
      env: process.env,
      uid: process.getuid?.() ?? -1,
      version,
    })
  } catch (error) {
    complain(`${(error as Error).message}; see proxy-tui --help`)
    return exitStatus.usage
  }
  if (asked.kind === 'print') {
    writeOut(asked.text)
    return exitStatus.done
  }
  // Each is loaded only when it is used: commands start fast, and the terminal app is by far the heavier.
  if (asked.kind === 'exec') {
    process.once('SIGINT', () => process.exit(exitStatus.interrupted))
    const { runExec } = await import('./exec/exec.ts')
    const status = await runExec(asked.options)
    await allWritten()
    // Node would first take apart, for 3 ms, what ends with the process.
    process.exit(status)
  }
  endQuietly()
  const { runApp } = await import('./app/main.tsx')
  return runApp(asked.options)
}
