import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { startDaemon } from '../helpers/daemon.ts'
import { run } from '../helpers/programs.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'

/** What the built programs load: each KB and each thread is paid for at every start. */

const dist = fileURLToPath(new URL('../../dist/', import.meta.url))

/** KB that each file has at most: what it has, and room to grow. */
const most = {
  'compile-thread.cjs': 40,
  'foreign-hash-thread.cjs': 40,
  'log-thread.cjs': 70,
  'proxy-tui-app.js': 1_000,
  'proxy-tui-commands.cjs': 300,
  'proxy-tui.js': 2,
  'proxyd-main.cjs': 1_350,
  'proxyd-start.js': 2.5,
  'proxyd.js': 1,
  'store-thread.cjs': 40,
  'thread-start.cjs': 2.5,
  'worker.cjs': 220,
}
const withSchemas = ['proxyd-main.cjs']

it.each(Object.entries(most))('%s has %d KB at most, and schemas only where they are used', (name, kilobytes) => {
  expect(statSync(dist + name).size).toBeLessThan(kilobytes * 1000)
  expect(readFileSync(dist + name, 'utf8').includes('ZodError')).toBe(withSchemas.includes(name))
})

it.each(['proxyd-start.js', 'worker.cjs', 'store-thread.cjs', 'log-thread.cjs', 'proxy-tui.js'])(
  '%s imports no module of Node whole: it would touch all of it',
  (name) => {
    const imports = readFileSync(dist + name, 'utf8').matchAll(/\b(?:from ?|require\()["'](node:[\w/]+)["']/g)
    expect([...imports].map(([, module]) => module)).toEqual([])
  },
)

it('a command loads of Node what it needs, and nothing to read files, ask or encrypt with', async () => {
  const tell = "process.on('exit', () => console.log(process.moduleLoadList.join()))"
  const command = [`${dist}proxy-tui.js`, '--socket', join(await temporaryFolder(), 'none'), '--exec', 'whoami']
  const { status, stdout } = await run(process.execPath, ['--import', `data:text/javascript,${tell}`, ...command])
  expect(status).toBe(3)
  const loaded = [...stdout.matchAll(/NativeModule ([\w/]+)/g)].map(([, name]) => name)
  expect(loaded).toContain('net')
  const dear = ['fs/promises', 'perf_hooks', 'readline', 'crypto', 'tls', 'http', 'https', 'child_process', 'zlib']
  expect(loaded.filter((name) => dear.includes(name ?? ''))).toEqual([])
})

it.runIf(process.platform === 'linux')(
  'a daemon that nobody uses runs its loops and the store, and no other thread',
  async () => {
    const { pid } = await startDaemon(['--workers', '2', '--engine', 'linux'])
    const names = readdirSync(`/proc/${pid}/task`).map((task) =>
      readFileSync(`/proc/${pid}/task/${task}/comm`, 'utf8').trim(),
    )
    // Node's own are there with or without us.
    const ours = names.filter(
      (name) => !/^(node|MainThread|libuv-worker|V8Worker|DelayedTaskSche|SignalInspector)/.test(name),
    )
    expect(ours.sort()).toEqual(['loop 0', 'loop 1', 'store'])
  },
)
