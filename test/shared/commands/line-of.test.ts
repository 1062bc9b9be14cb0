import { expect, test } from 'vitest'
import { lineOf } from '../../../shared/commands/line-of.ts'
import { parseCommands } from '../../../shared/commands/parse.ts'
import type { Call } from '../../../shared/commands/verb.ts'

test.each<[Call, string]>([
  [{ verb: 'deluser', values: ['bob'] }, 'deluser bob'],
  [{ verb: 'deluser', values: ["bob's; x"] }, `deluser "bob's; x"`],
  [{ verb: 'users set', values: ['bob', 'note=two words'] }, "users set bob 'note=two words'"],
  [{ verb: 'set', values: ['timeout-idle'], flags: { revision: '7', default: '' } }, 'set timeout-idle --default'],
  [{ verb: 'role', values: ['kim', 'admin'], flags: { was: 'viewer' } }, 'role kim admin'],
  [{ verb: 'addoperator', values: ['kim'], flags: { role: 'viewer' } }, 'addoperator kim --role=viewer'],
  [{ verb: 'adduser', values: ['bob'], flags: { 'password-prompt': '' } }, 'adduser bob --password-prompt'],
  [{ verb: 'deluser', values: ['--force'] }, 'deluser -- --force'],
])('%j is %s, which means the same', (call, line) => {
  expect(lineOf(call)).toBe(line)
  const { revision: _revision, was: _was, ...flags } = call.flags ?? {}
  expect(parseCommands(line).map((command) => command.call)).toEqual([{ ...call, flags }])
})
