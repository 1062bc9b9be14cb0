import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { startDaemon } from '../helpers/daemon.ts'
import { type Outcome, run } from '../helpers/programs.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'
import { comparison, program } from './consumer.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const compiler = join(root, 'node_modules/typescript/bin/tsc')

const strict = { target: 'es2024', module: 'nodenext', strict: true, noEmit: true, skipLibCheck: false }

/** The package as npm packs it. */
let tarball: string

beforeAll(async () => {
  const folder = await temporaryFolder((end) => afterAll(end))
  const packed = await run('npm', ['pack', '--ignore-scripts', '--pack-destination', folder, root])
  expect(packed).toMatchObject({ status: 0 })
  tarball = join(folder, (await readdir(folder)).find((name) => name.endsWith('.tgz')) ?? '')
})

/** A folder whose node_modules hold the package, and nothing else but what is named. */
async function install(...others: readonly string[]): Promise<string> {
  const folder = await temporaryFolder()
  const modules = join(folder, 'node_modules')
  await mkdir(modules)
  expect(await run('tar', ['-xzf', tarball, '-C', modules])).toMatchObject({ status: 0 })
  await symlink(join(modules, 'package'), join(modules, 'proxyd'))
  for (const name of others) {
    await mkdir(join(modules, name, '..'), { recursive: true })
    await symlink(join(root, 'node_modules', name), join(modules, name))
  }
  await writeFile(join(folder, 'package.json'), '{"type":"module"}')
  return folder
}

async function compile(folder: string, text: string, options: object): Promise<string> {
  await writeFile(join(folder, 'main.ts'), text)
  const config = { compilerOptions: { ...strict, ...options }, files: ['main.ts'] }
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(config))
  return (await run(process.execPath, [compiler, '-p', folder])).stdout
}

/** Run what README.md shows, on the daemon of this runtime folder. */
async function runExample(folder: string, runtime: string): Promise<Outcome> {
  const [, example = ''] = /```ts\n([\s\S]*?)```/.exec(await readFile(join(root, 'README.md'), 'utf8')) ?? []
  const file = join(folder, 'example.ts')
  await writeFile(file, example.replace('localTargets()', `localTargets(${JSON.stringify(runtime)})`))
  return run(process.execPath, [file])
}

/** Start the program; gives the lines that it writes. */
function start(folder: string, args: readonly string[]): { child: ChildProcess; lines: AsyncIterator<string> } {
  const child = spawn(process.execPath, [join(folder, 'main.ts'), ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  return { child, lines: createInterface({ input: child.stdout as NodeJS.ReadableStream })[Symbol.asyncIterator]() }
}

test('a program with the package compiles, runs against a daemon, and survives its restart', async () => {
  const folder = await install('@types/node')
  expect(await compile(folder, program, { types: ['node'], exactOptionalPropertyTypes: true })).toBe('')

  const daemon = await startDaemon()
  const { runtime } = daemon.folders
  expect(await runExample(folder, runtime)).toMatchObject({
    status: 0,
    stdout: '0 connections 0 bytes down\n',
    stderr: '',
  })

  const where = [join(runtime, 'cookie'), `${daemon.port('control')}`, join(runtime, 'proxyd.sock')]
  const { child, lines } = start(folder, where)
  const ended = once(child, 'exit')
  for (const line of [
    'twice: exists',
    'closed: closed',
    'users: bob,carol',
    'samples: 2 lost: 0',
    'nowhere: unreachable',
    'online: 1',
  ]) {
    expect((await lines.next()).value).toBe(line)
  }
  await daemon.stop()
  await startDaemon([], { folders: daemon.folders })
  expect((await lines.next()).value).toBe('online: 2')
  expect(await ended).toEqual([0, null])
})

test('a program compiles without the types of Node too', async () => {
  const folder = await install()
  const text = `import { connect } from 'proxyd/client'\nexport const client = await connect({ kind: 'unix', path: '' })\n`
  expect(await compile(folder, text, { types: [], lib: ['es2024', 'dom'] })).toBe('')
})

test('the declared types of methods and events are those of the table', async () => {
  const folder = await install('@types/node')
  const text = comparison(join(root, 'shared/protocol/methods.ts'))
  expect(await compile(folder, text, { types: ['node'], allowImportingTsExtensions: true, skipLibCheck: true })).toBe(
    '',
  )
})
