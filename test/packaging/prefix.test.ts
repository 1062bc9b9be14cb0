import { expect, it } from 'vitest'
import { run } from '../helpers/programs.ts'

const removedFrom = async (prefix: string) => {
  const { stdout } = await run('make', ['-n', 'uninstall', 'DESTDIR=/staged', `PREFIX=${prefix}`])
  return [...stdout.matchAll(/"([^"]*\/bin\/proxyd)"/g)].map(([, path]) => path)
}

it.each([
  ['/opt/my apps', '/staged/opt/my apps/bin/proxyd'],
  ['/opt/here/../my own apps/', '/staged/opt/my own apps/bin/proxyd'],
  ['/usr', '/staged/usr/bin/proxyd'],
])('make takes %j for one path', async (prefix, program) => {
  expect(await removedFrom(prefix)).toEqual([program])
})

it('make takes a PREFIX to lie here unless it says otherwise', async () => {
  expect(await removedFrom('my apps')).toEqual([`/staged${process.cwd()}/my apps/bin/proxyd`])
})
