import { execFileSync } from 'node:child_process'
import { globSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { build } from 'esbuild'
import { daemonFlags } from '../../program-head.ts'

/**
 * Makes both programs one executable: `build.ts NODE FOLDER`, called from the root once they are bundled. NODE goes into it: one
 * that makes executables itself (`--build-sea`), as the oldest that runs proxyd does not.
 */

const [, , node = '', folder = ''] = process.argv
const { platform, arch } = process
const parts = join(folder, 'parts')

await build({
  entryPoints: ['start.ts', 'koffi.ts'].map((name) => join(import.meta.dirname, name)),
  outdir: parts,
  bundle: true,
  platform: 'node',
  format: 'cjs',
  target: 'node26',
  logLevel: 'warning',
})
const bundles = globSync('dist/*.{js,cjs}', { exclude: ['dist/client.js'] })
const files = [...bundles.sort(), join(parts, 'start.js'), join(parts, 'koffi.js')]
const config = {
  // As it stands here it is inside: without the place where it was made.
  main: 'start.js',
  output: 'proxyd',
  disableExperimentalSEAWarning: true,
  // Nothing of the environment (NODE_OPTIONS) or of the command line is for Node.
  execArgv: daemonFlags,
  execArgvExtension: 'none',
  assets: {
    ...Object.fromEntries(files.map((file) => [basename(file), resolve(file)])),
    koffi: resolve(`node_modules/@koromix/koffi-${platform}-${arch}/${platform}_${arch}/koffi.node`),
  },
}
writeFileSync(join(parts, 'sea.json'), JSON.stringify(config))
execFileSync(resolve(node), ['--build-sea', 'sea.json'], { cwd: parts, stdio: ['ignore', 'ignore', 'inherit'] })
// In place of one that may be running.
renameSync(join(parts, config.output), join(folder, 'proxyd'))
rmSync(parts, { recursive: true })
