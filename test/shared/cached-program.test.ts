import { chmod, chown, cp, readFile, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { compileProgram, runProgram, writeCache } from '../../shared/cached-program.ts'
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
  writeCache(file, script)
  return file
}

/** What runs that program in a process of its own. */
function running(file: string): string {
  const program = join(import.meta.dirname, '../../shared/cached-program.ts')
  return `import { compileProgram, runProgram } from '${program}'\nrunProgram(compileProgram('${file}'), '${file}')`
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

test('a cache of another text is refused', async () => {
  const file = await cachedProgram()
  await writeFile(file, `${text}\n`)
  const later = new Date(Date.now() + 10_000)
  await utimes(`${file}.cache`, later, later)
  expect(takesCache(file)).toBe(false)
})

test.each([
  ['a page of it was never written', (cache: Buffer) => cache.fill(0, 200 * 1024, 204 * 1024)],
  ['a sector of it is another', (cache: Buffer) => cache.fill('another', 200 * 1024, 200 * 1024 + 512)],
  ['its end is missing', (cache: Buffer) => cache.subarray(0, 8190)],
])('a program runs without a cache that is damaged, and says so: %s', async (_, damaged) => {
  const file = join(await temporaryFolder(), 'program.cjs')
  const built = join(import.meta.dirname, '../../dist/proxy-tui-commands.cjs')
  await cp(built, file)
  await writeFile(`${file}.cache`, damaged(await readFile(`${built}.cache`)), { mode: 0o644 })
  const { status, stdout, stderr } = await run(process.execPath, [
    '--input-type=module',
    '--eval',
    running(file),
    file,
    '--version',
  ])
  expect({ status, stderr }).toEqual({
    status: 0,
    stderr: `${file}.cache is damaged, so starts take longer: build or install proxyd anew\n`,
  })
  expect(stdout).toMatch(/^\d/)
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
  expect(await run(process.execPath, ['--input-type=module', '--eval', running(file)])).toMatchObject({
    stdout: 'beside\n',
    stderr: '',
  })
})
