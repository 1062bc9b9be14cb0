import { fileURLToPath } from 'node:url'
import { compileProgram, runProgram } from '../shared/cached-program.ts'

const file = fileURLToPath(new URL('./proxyd-main.cjs', import.meta.url))
runProgram(compileProgram(file), file)
