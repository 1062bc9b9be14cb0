import { compileProgram, runProgram } from '../shared/cached-program.ts'

/** What a thread begins with whose program was built: `startThread` says which. */
const [, , file = ''] = process.argv
runProgram(compileProgram(file), file)
