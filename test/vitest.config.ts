import { globSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { defineConfig, type Plugin } from 'vitest/config'
import { BaseSequencer, type Reporter, type TestModule, type TestSpecification } from 'vitest/node'
import { longestTest, longestWait } from './helpers/patience.ts'

/** What takes longest, the longest first. A machine that has run the tests before knows; a new one goes by size. */
const slowest = ['engine/leaks', 'docs/commands', 'docs/clients', 'app/', 'e2e/', 'engine/']

/** Begins with what takes longest, so that nothing long is left to run alone in the end. */
class SlowestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification) => {
      const found = slowest.findIndex((place) => moduleId.includes(`/test/${place}`))
      return found < 0 ? slowest.length : found
    }
    return (await super.sort(files)).sort((a, b) => rank(a) - rank(b))
  }
}

/** Where tests run to hold a change, one that is skipped is one that fails: something is missing there. */
const noneSkipped: Reporter = {
  onTestRunEnd(modules: readonly TestModule[]) {
    const skipped = modules.flatMap(({ children }) => [...children.allTests('skipped')])
    for (const test of skipped) console.error(`SKIPPED: ${test.module.relativeModuleId}: ${test.fullName}`)
    if (skipped.length > 0 && process.env.CI) process.exitCode = 1
  },
}

/** `make test-long`: the crowds and searches that take minutes, in place of the rest. */
const long = process.env.TEST_LONG !== undefined

const root = fileURLToPath(new URL('..', import.meta.url))

/** Files that leave a part of what they can tell for `make test-long`, see `helpers/most-telling.ts`. */
const halves = () =>
  globSync('test/**/*.test.ts', { cwd: root }).filter((file) =>
    readFileSync(join(root, file), 'utf8').includes('mostTelling'),
  )

// Hundreds of processes run the same few programs: Node keeps what it has compiled of them.
process.env.NODE_COMPILE_CACHE = join(root, 'node_modules/.cache/node')

// The person who runs the tests may have proxyd in use: what they set for it is not for the tests.
for (const name of Object.keys(process.env)) if (name.startsWith('PROXY_TUI_')) delete process.env[name]

// Programs show local time, wherever the tests run; those that want another zone say so.
process.env.TZ = 'UTC'

const bundles = [
  ['dist/proxyd.js', '{daemon,shared}/**/*.ts'],
  ['dist/proxy-tui.js', '{tui,shared}/**/*.{ts,tsx}'],
] as const

/** Fails where a bundle is missing or older than its sources: half of what a test runs would be another state of them. */
function expectBundles(): void {
  const changed = (file: string) => statSync(join(root, file), { throwIfNoEntry: false })?.mtimeMs ?? 0
  for (const [bundle, sources] of bundles) {
    const newer = globSync(sources, { cwd: root }).find((source) => changed(source) > changed(bundle))
    if (newer) throw new Error(`${bundle} is missing or older than ${newer}: call \`make build\` before the tests`)
  }
}

/** What the daemon runs in threads is taken from the bundles, which start in half the time that the sources take. */
const bundledThreads: Plugin = {
  name: 'bundled-threads',
  transform(code, id) {
    if (code.includes('/dist/proxy') && id.startsWith(join(root, 'test'))) expectBundles()
    if (!id.startsWith(join(root, 'daemon'))) return
    const bundled = code.replace(
      /(?<=ThreadFile\.beside\()import\.meta\.url/,
      `'${pathToFileURL(join(root, 'dist/proxyd.js'))}'`,
    )
    if (bundled !== code) expectBundles()
    else if (code.includes('startThread(') && !code.includes('function startThread(program'))
      throw new Error(`${id} starts a thread from its source: have it bundled here`)
    return bundled
  },
  enforce: 'pre',
}

export default defineConfig({
  root,
  plugins: [bundledThreads],
  test: {
    include: long
      ? ['test/**/*.long.test.ts', 'test/engine/leaks.test.ts', 'test/fuzz/*.test.ts', ...halves()]
      : ['test/**/*.test.{ts,tsx}'],
    exclude: long ? [] : ['test/**/*.long.test.ts'],
    reporters: ['default', noneSkipped],
    globalSetup: 'test/helpers/run-folder.ts',
    // What draws charts is loaded by many, in whatever order.
    setupFiles: ['test/helpers/blessed-stand-in.ts'],
    pool: 'forks',
    // Files share a process: none keeps state in its modules, and one for each of them costs a fifth of the time.
    isolate: false,
    // Many tests wait for most of their time: six at once keep two cores busy.
    maxWorkers: 6,
    sequence: { sequencer: SlowestFirst },
    env: { XDG_CONFIG_HOME: join(root, 'node_modules/.cache/no-config') },
    testTimeout: longestTest,
    hookTimeout: longestTest,
    expect: { poll: { timeout: longestWait } },
  },
})
