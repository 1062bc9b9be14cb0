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

it.each([
  ['/opt/my apps', '"/opt/my apps/bin/proxyd" --config "/opt/my apps/etc/proxyd/proxyd.toml"'],
  ["/opt/it's & 100%", `"/opt/it's & 100%%/bin/proxyd" --config "/opt/it's & 100%%/etc/proxyd/proxyd.toml"`],
  ['/opt/#1;*', '"/opt/#1;*/bin/proxyd" --config "/opt/#1;*/etc/proxyd/proxyd.toml"'],
])('the unit starts what lies below a PREFIX of %j', async (prefix, start) => {
  const { stdout } = await run('make', ['-n', 'install', `PREFIX=${prefix}`])
  const [write = 'false'] = /sed -e "s.*?(?= >)/.exec(stdout) ?? []
  const unit = await run('sh', ['-c', write])
  expect(unit.stdout).toContain(`\nExecStart=${start} --state-dir`)
})

it('make refuses what it, the shell or systemd would read in a path, before it does anything', async () => {
  const odd = ['a|b', 'a\\b', '`a`', '"a"', 'a$$b', 'a\nb'].map((name) => `PREFIX=/opt/${name}`)
  for (const given of await Promise.all(
    [...odd, 'DESTDIR=/a|b'].map((path) => run('make', ['--no-print-directory', '-n', 'install', path])),
  ))
    expect(given).toMatchObject({
      status: 2,
      stdout: '',
      stderr: expect.stringMatching(/(PREFIX|DESTDIR) may not hold \$ " ` \\ \| or a newline: choose another folder/),
    })
})
