import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { longestTest } from '../helpers/patience.ts'
import { run } from '../helpers/programs.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'

/** Milliseconds: on a busy machine a package takes minutes. */
const patience = 6 * longestTest

const ends = new AsyncDisposableStack()
const atEnd = (end: () => Promise<void>) => ends.defer(end)
afterAll(() => ends.disposeAsync(), longestTest)

/** The files of two builds, of the same sources in two places. */
let packages: string[] = []

async function done(program: string, args: readonly string[], env: NodeJS.ProcessEnv = process.env): Promise<string> {
  const { status, stdout, stderr } = await run(program, args, { env, longest: patience })
  expect(status, `${program} ${args.join(' ')}\n${stdout}\n${stderr}`).toBe(0)
  return stdout
}

/** Builds the package in a folder of its own, as from a clone that has its packages and Node already. */
async function build(env: NodeJS.ProcessEnv): Promise<string> {
  const folder = await temporaryFolder(atEnd)
  await done('sh', [
    '-c',
    'git ls-files -z | xargs -0 cp --parents -t "$0" && cp -a node_modules .node "$0" && touch "$0"/node_modules/.package-lock.json',
    folder,
  ])
  // xz takes a minute to make it a third smaller.
  await done('make', ['-C', folder, 'deb'], { ...process.env, DEB_COMPRESSION: 'gzip', ...env })
  const built = await readdir(join(folder, 'dist'))
  return join(folder, 'dist', built.find((name) => name.endsWith('.deb')) ?? '')
}

beforeAll(async () => {
  packages = [await build({}), await build({ TZ: 'Asia/Tokyo', LC_ALL: 'C', HOME: '/nonexistent' })]
}, 3 * patience)

it('is the same, byte for byte, wherever it is built', async () => {
  const [first, second] = await Promise.all(packages.map((file) => readFile(file)))
  expect(first?.equals(second ?? Buffer.of())).toBe(true)
})

it('has nothing that Debian takes for an error', { timeout: patience }, async () => {
  expect(await done('lintian', ['--allow-root', '--fail-on', 'error', packages[0] ?? ''])).not.toMatch(/^E:/m)
})
