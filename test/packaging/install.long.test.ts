import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { run } from '../helpers/programs.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'

/** What `make install` takes, as it lies here, for a test to do with it as it likes. */
async function builtSources(): Promise<string> {
  const folder = await temporaryFolder()
  const copied = (name: string) => cpSync(name, join(folder, name), { recursive: true })
  const linked = (name: string) => symlinkSync(join(process.cwd(), name), join(folder, name))
  const files = ['Makefile', 'package.json', 'package-lock.json', 'LICENSE', 'README.md', 'PROTOCOL.md']
  for (const name of [...files, 'dist', 'docs', 'shared']) copied(name)
  for (const name of ['daemon', 'tui']) linked(name)
  mkdirSync(join(folder, 'node_modules'))
  for (const name of readdirSync('node_modules'))
    (['koffi', '@koromix'].includes(name) ? copied : linked)(join('node_modules', name))
  return folder
}

/** Without a build: what is there is taken. */
const make = (sources: string, target: string, prefix: string) =>
  run('make', ['-s', '-C', sources, '-o', 'build', target, `PREFIX=${prefix}`])

async function modesBelow(folder: string): Promise<Map<string, number>> {
  const { stdout } = await run('find', [folder, '-mindepth', '1', '-printf', '%P %m\\n'])
  return new Map(
    stdout
      .trimEnd()
      .split('\n')
      .map((line) => {
        const at = line.lastIndexOf(' ')
        return [line.slice(0, at), Number.parseInt(line.slice(at), 8)]
      }),
  )
}

it('all can read what is installed, and its owner alone can write it, whatever umask its sources had', async () => {
  const [sources, prefix] = [await builtSources(), join(await temporaryFolder(), 'prefix')]
  await run('chmod', ['-R', 'go=', sources])
  await run('chmod', ['-R', 'go+w', join(sources, 'docs')])
  expect(await make(sources, 'install', prefix)).toEqual({ status: 0, stdout: '', stderr: '' })
  const modes = await modesBelow(prefix)
  expect([...modes].filter(([, mode]) => (mode & 0o044) !== 0o044 || (mode & 0o022) !== 0)).toEqual([])

  // A second time it is the same, but for the settings, which are the administrator's by then.
  const settings = join(prefix, 'etc/proxyd/proxyd.toml')
  writeFileSync(settings, 'socks-port = 1081\n')
  expect(await make(sources, 'install', prefix)).toMatchObject({ status: 0 })
  expect(await modesBelow(prefix)).toEqual(modes)
  expect(readFileSync(settings, 'utf8')).toBe('socks-port = 1081\n')

  // What cannot be put there whole leaves what is there.
  const program = join(prefix, 'lib/proxyd/dist/proxyd-main.cjs')
  const before = statSync(program).ino
  rmSync(join(sources, 'node_modules/koffi'), { recursive: true })
  expect(await make(sources, 'install', prefix)).toMatchObject({ status: 2 })
  expect(statSync(program).ino).toBe(before)
  expect((await run(join(prefix, 'bin/proxyd'), ['--version'])).status).toBe(0)

  expect(await make(sources, 'uninstall', prefix)).toMatchObject({ status: 0 })
  const left = await run('find', [prefix, '!', '-type', 'd', '-printf', '%P\\n'])
  expect(left.stdout).toBe('etc/proxyd/proxyd.toml\n')
})
