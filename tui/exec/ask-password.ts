import { createInterface } from 'node:readline'
import { Writable } from 'node:stream'
import { UsageError } from '../../shared/commands/usage-error.ts'
import { safeText } from '../../shared/format/safe-text.ts'

/** Ask for a new password at the terminal, twice, showing nothing of it. Throws `UsageError` if the two differ. */
export async function askPassword(user: string): Promise<string> {
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() })
  const typed = createInterface({ input: process.stdin, output: nowhere, terminal: true, historySize: 0 })
  // The terminal is in raw mode, where Ctrl-C is a character.
  typed.on('SIGINT', () => process.kill(process.pid, 'SIGINT'))
  const lines = typed[Symbol.asyncIterator]()
  try {
    const first = await ask(lines, `New password for ${safeText(user)}: `)
    const again = await ask(lines, 'The same again: ')
    if (first !== again) throw new UsageError('the two passwords differ')
    return first
  } finally {
    typed.close()
  }
}

async function ask(lines: AsyncIterator<string>, question: string): Promise<string> {
  process.stderr.write(question)
  const { value, done } = await lines.next()
  process.stderr.write('\n')
  if (done || value === '') throw new UsageError('no password given')
  return value
}
