import { join } from 'node:path'
import { compileProgram, runProgram } from '../shared/cached-program.ts'

const file = join(import.meta.dirname, 'proxy-tui-commands.cjs')
runProgram(compileProgram(file), file)
