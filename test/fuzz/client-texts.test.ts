import { readKept } from '../../shared/commands/export-file.ts'
import { readForeignUsers } from '../../shared/commands/foreign-users.ts'
import { parseCommands } from '../../shared/commands/parse.ts'
import { UsageError } from '../../shared/commands/usage.ts'
import { check, understood } from './texts.ts'

const exported = [
  '{',
  '}',
  '[',
  ']',
  '"proxyd": 1',
  '"users": ',
  '"rules": ',
  '"name": "bob"',
  ',',
  'null',
  '1e999',
  '\n',
]
const foreign = ['users ', 'bob:CL:secret', ' "a:NT:b"', 'bob:$6$salt$hash', ':', '\\', '$', '\r\n', '#', 'ü:ü\n']

check('imports', [...exported, ...foreign], (text) => {
  understood(UsageError, () => readKept(text))
  understood(UsageError, () => readForeignUsers(text))
})

const commands = [
  'users set ',
  'bob',
  ' quota=1GB',
  '; ',
  '--',
  'json',
  '"',
  "'",
  '\\',
  'rules add ',
  'deny to a ',
  'usage --since ',
  '2h',
  'audit ',
]

check('commands', commands, (text) => void understood(UsageError, () => parseCommands(text)))
