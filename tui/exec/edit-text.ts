import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { UsageError } from '../../shared/commands/usage.ts'
import { readTextFile } from './text-file.ts'

/** What is wrong stands above the text, in lines that begin so, which are taken out again. */
const mark = '#! '

/** See `Context.editText`: $VISUAL or $EDITOR, else vi, on a file that only this user can read. */
export async function editText(text: string, problem?: string): Promise<string | undefined> {
  if (!process.stdin.isTTY || !process.stdout.isTTY)
    throw new UsageError('there is no terminal to edit in; apply a file instead')
  const folder = await mkdtemp(join(tmpdir(), 'proxy-tui-'))
  try {
    const file = join(folder, 'rules')
    const before = problem === undefined ? text : `${mark}${problem}\n${text}`
    await writeFile(file, before, { mode: 0o600 })
    await runEditor(file, lineOf(problem))
    const after = await readTextFile(file)
    return after === before ? undefined : withoutMarks(after)
  } finally {
    await rm(folder, { recursive: true })
  }
}

/** Rejects if the editor says that it is not to count. */
async function runEditor(file: string, line: number | undefined): Promise<void> {
  const editor = process.env.VISUAL || process.env.EDITOR || 'vi'
  const place = line === undefined ? '' : `+${line} `
  // As git has it: the words of $EDITOR are those of a shell.
  const child = spawn('/bin/sh', ['-c', `${editor} ${place}"$1"`, editor, file], { stdio: 'inherit' })
  const [status] = await once(child, 'close')
  if (status !== 0) throw new UsageError(`${editor} ended with status ${status}, so nothing has changed`)
}

/** Where a problem is, below the line that tells of it. */
function lineOf(problem?: string): number | undefined {
  const [, line] = /^line (\d+)/.exec(problem ?? '') ?? []
  return line === undefined ? undefined : Number(line) + 1
}

function withoutMarks(text: string): string {
  return text
    .split('\n')
    .filter((line) => !line.startsWith(mark))
    .join('\n')
}
