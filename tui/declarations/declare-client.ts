import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { protocolTypes } from './protocol-types.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const folder = join(root, 'dist/client')

/**
 * Write the declarations of `proxyd/client` into dist/client/. The compiler makes them of the sources, but for those of
 * the protocol's table, whose types would need zod.
 */
export function declareClient(): void {
  rmSync(folder, { recursive: true, force: true })
  const compiler = join(root, 'node_modules/typescript/bin/tsc')
  execFileSync(process.execPath, [compiler, '-p', join(root, 'tui/tsconfig.client.json')], { stdio: 'inherit' })
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    if (name.endsWith('.d.ts')) rewrite(join(folder, name))
  }
  writeFileSync(join(folder, 'shared/protocol/methods.d.ts'), protocolTypes())
}

/** Let imports name what a consumer's compiler looks for. */
function rewrite(file: string): void {
  writeFileSync(file, readFileSync(file, 'utf8').replaceAll(/(?<=from '\.[^']*)\.ts(?=')/g, '.js'))
}
