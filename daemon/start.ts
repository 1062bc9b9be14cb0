import { join } from 'node:path'
import { compileProgram, runProgram } from '../shared/cached-program.ts'

const file = join(import.meta.dirname, 'proxyd-main.cjs')
runProgram(compileProgram(file), file)
