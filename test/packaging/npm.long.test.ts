import { globSync } from 'node:fs'
import { readFile, symlink } from 'node:fs/promises'
import { delimiter, dirname, join } from 'node:path'
import { beforeAll, expect, it } from 'vitest'
import { startDaemon } from '../helpers/daemon.ts'
import { longestTest } from '../helpers/patience.ts'
import { run } from '../helpers/programs.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'

/** The Node of these tests, and that of the next line, which `make test-long` fetches. */
const nodes = [process.execPath, ...globSync('.node/26.*/bin/node')]

let prefix = ''

beforeAll(async () => {
  const ends: (() => Promise<void>)[] = []
  prefix = await temporaryFolder((end) => ends.push(end))
  const packed = await run('npm', ['pack', '--silent', '--pack-destination', prefix])
  expect(packed).toMatchObject({ status: 0 })
  const file = join(prefix, packed.stdout.trim().split('\n').at(-1) ?? '')
  // A registry that falls silent is asked again, not waited for.
  const patience = ['--prefer-offline', '--fetch-timeout=20000', '--fetch-retries=5', '--fetch-retry-mintimeout=1000']
  const options = ['--prefix', prefix, '--no-audit', '--no-fund', ...patience]
  const installed = await run('npm', ['install', '--global', ...options, file], { longest: 2 * longestTest })
  expect(installed.status, installed.stderr).toBe(0)
  // That koffi's script, which nobody needs, is not run may be told; no more than that.
  expect(installed.stderr.replaceAll(/^npm warn install-scripts.*\n/gm, '')).toBe('')
  return () => Promise.all(ends.map((end) => end()))
}, 3 * longestTest)

it('brings one package, and what proxyd is told by', async () => {
  const modules = join(prefix, 'lib/node_modules/proxyd')
  expect(globSync('node_modules/{*,@*/*}/package.json', { cwd: modules }).map(dirname).sort()).toEqual([
    expect.stringMatching(/^node_modules\/@koromix\/koffi-linux-/),
    'node_modules/koffi',
  ])
  for (const page of ['man8/proxyd.8', 'man5/proxyd.toml.5', 'man5/proxyd-rules.5', 'man1/proxy-tui.1'])
    expect(await readFile(join(prefix, 'share/man', page), 'utf8')).toMatch(/^\.TH/m)
  const files = ['README.md', 'LICENSE', 'PROTOCOL.md', 'docs/network.md', 'dist/sbom.cdx.json', 'dist/LICENSES.txt']
  for (const file of files) expect(await readFile(join(modules, file), 'utf8'), file).not.toBe('')
})

it.each(nodes)('runs both programs, and the client library, with %s', async (node) => {
  const env = { ...process.env, PATH: [join(prefix, 'bin'), dirname(node), process.env.PATH].join(delimiter) }
  const { version } = JSON.parse(await readFile('package.json', 'utf8'))
  expect(await run('proxyd', ['--version'], { env })).toEqual({ status: 0, stdout: `${version}\n`, stderr: '' })

  const daemon = await startDaemon([], { env, within: ['sh', '-c', 'shift 2; exec proxyd "$@"', 'sh'] })
  const health = await run('proxy-tui', ['--runtime-dir', daemon.folders.runtime, '--exec', 'health'], { env })
  expect(health).toMatchObject({ status: 0, stderr: '' })

  const folder = await temporaryFolder()
  await symlink(join(prefix, 'lib/node_modules'), join(folder, 'node_modules'))
  const text = `import { connect, localTargets } from 'proxyd/client'
const daemon = await connect(localTargets(${JSON.stringify(daemon.folders.runtime)}))
console.log((await daemon.call('users.list', {})).users.length)
daemon.close()`
  const asked = await run('sh', ['-c', 'cd "$0" && exec node --input-type=module --eval "$1"', folder, text], { env })
  expect(asked).toEqual({ status: 0, stdout: '0\n', stderr: '' })
})
