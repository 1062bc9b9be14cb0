import { createInterface } from 'node:readline'
import { Writable } from 'node:stream'
import { UsageError } from '../../shared/commands/usage.ts'
import { safeText } from '../../shared/format/safe-text.ts'

/** Ask for a new password at the terminal, twice, showing nothing of it. Throws `UsageError` if the two differ. */
export async function askNewPassword(name: string): Promise<string> {
  const [first, again] = await ask(`New password for ${safeText(name)}: `, 'The same again: ')
  if (first !== again) throw new UsageError('the two passwords differ')
  return first
}

/** Ask for an operator's password at the terminal, showing nothing of it. Throws `UsageError` if there is none. */
export async function askPassword(operator: string): Promise<string> {
  const [password] = await ask(`Password of operator ${safeText(operator)}: `)
  return password
}

async function ask<const Questions extends readonly string[]>(
  ...questions: Questions
): Promise<{ [At in keyof Questions]: string }> {
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() })
  const typed = createInterface({ input: process.stdin, output: nowhere, terminal: true, historySize: 0 })
  // The terminal is in raw mode, where Ctrl-C is a character.
  typed.on('SIGINT', () => process.kill(process.pid, 'SIGINT'))
  const lines = typed[Symbol.asyncIterator]()
  const answers: string[] = []
  try {
    for (const question of questions) {
      process.stderr.write(question)
      const { value, done } = await lines.next()
      process.stderr.write('\n')
      if (done || value === '') throw new UsageError('no password given')
      answers.push(value)
    }
    return answers as { [At in keyof Questions]: string }
  } finally {
    typed.close()
  }
}
