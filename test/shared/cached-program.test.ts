import { chmod, chown, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { compileProgram, runProgram } from '../../shared/cached-program.ts'
import { run } from '../helpers/programs.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'

const text =
  "function add(a, b) { return a + b }\nglobalThis.sum = [add(1, 2), require('node:path').basename(__filename)]"

/** A program that has run once, with its cache beside it. */
async function cachedProgram(): Promise<string> {
  const file = join(await temporaryFolder(), 'program.cjs')
  await writeFile(file, text)
  const script = compileProgram(file)
  expect(script.cachedDataRejected).toBeUndefined()
  runProgram(script, file)
  await writeFile(`${file}.cache`, script.createCachedData(), { mode: 0o644 })
  return file
}

/** Whether V8 takes the cache; undefined if it is not even asked. Whatever it says, the program runs. */
function takesCache(file: string): boolean | undefined {
  const script = compileProgram(file)
  Reflect.deleteProperty(globalThis, 'sum')
  runProgram(script, file)
  expect(Reflect.get(globalThis, 'sum')).toEqual([3, 'program.cjs'])
  return script.cachedDataRejected === undefined ? undefined : !script.cachedDataRejected
}

test('a program runs from its cache', async () => {
  expect(takesCache(await cachedProgram())).toBe(true)
})

test('a cache that is older than the program is not looked at', async () => {
  const file = await cachedProgram()
  const later = new Date(Date.now() + 10_000)
  await utimes(file, later, later)
  expect(takesCache(file)).toBeUndefined()
})

test('a cache that more people may write than the program is not looked at', async () => {
  const file = await cachedProgram()
  await chmod(`${file}.cache`, 0o664)
  expect(takesCache(file)).toBeUndefined()
  await chmod(file, 0o664)
  expect(takesCache(file)).toBe(true)
})

test.runIf(process.getuid?.() === 0)(
  'a cache that another group may write than the program is not looked at',
  async () => {
    const file = await cachedProgram()
    for (const each of [file, `${file}.cache`]) await chmod(each, 0o664)
    expect(takesCache(file)).toBe(true)
    await chown(`${file}.cache`, 0, 65534)
    expect(takesCache(file)).toBeUndefined()
  },
)

test('a cache of another text, or what is none, is refused', async () => {
  const file = await cachedProgram()
  await writeFile(file, `${text}\n`)
  const later = new Date(Date.now() + 10_000)
  await utimes(`${file}.cache`, later, later)
  expect(takesCache(file)).toBe(false)
  // Another one, for V8 remembers what it has just compiled.
  const other = join(await temporaryFolder(), 'program.cjs')
  await writeFile(other, `${text} // another`)
  await writeFile(`${other}.cache`, 'not made by V8', { mode: 0o644 })
  expect(takesCache(other)).toBe(false)
})

test.each(['proxyd-main', 'worker', 'store-thread', 'proxy-tui-commands'])(
  '%s was built with a cache that is taken',
  async (name) => {
    const [program, file] = ['shared/cached-program.ts', `dist/${name}.cjs`].map((path) =>
      join(import.meta.dirname, '../..', path),
    )
    const code = `import { compileProgram } from '${program}'\nconsole.log(compileProgram('${file}').cachedDataRejected)`
    const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', code])
    expect(stdout).toBe('false\n')
  },
)

test('a program imports what lies beside it by the function that it is given, and nothing is told of that', async () => {
  const folder = await temporaryFolder()
  const file = join(folder, 'program.cjs')
  await writeFile(join(folder, 'beside.js'), "export const said = 'beside'")
  await writeFile(file, "importHere('./beside.js').then(({ said }) => console.log(said))")
  const program = join(import.meta.dirname, '../../shared/cached-program.ts')
  const code = `import { compileProgram, runProgram } from '${program}'\nrunProgram(compileProgram('${file}'), '${file}')`
  expect(await run(process.execPath, ['--input-type=module', '--eval', code])).toMatchObject({
    stdout: 'beside\n',
    stderr: '',
  })
})
