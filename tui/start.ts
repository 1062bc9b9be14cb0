import { fileURLToPath } from 'node:url'
import { compileProgram, runProgram } from '../shared/cached-program.ts'

const file = fileURLToPath(new URL('./proxy-tui-commands.cjs', import.meta.url))
runProgram(compileProgram(file), file)
