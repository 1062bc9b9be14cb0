import { writeFileSync } from 'node:fs'
import { compileProgram, runProgram } from '../cached-program.ts'

/** `warm.ts FILE [ARGUMENT…]`: runs the program, and at its end writes its cache, with all that it has called in this run and those before. */

const [, , file = '', ...given] = process.argv
const script = compileProgram(file)
process.once('exit', () => writeFileSync(`${file}.cache`, script.createCachedData(), { mode: 0o644 }))
process.argv = [process.execPath, file, ...given]
runProgram(script, file)
