import { rename, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { HostsFile } from '../../daemon/names/local-names.ts'
import { bySystem } from '../../daemon/names/system.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'

async function hostsFile(text: string | Uint8Array) {
  const path = join(await temporaryFolder(), 'hosts')
  await writeFile(path, text)
  const warn = vi.fn()
  return { path, warn, hosts: new HostsFile(path, warn) }
}

test('reads lines of an address and its names, whatever the blanks, cases and comments', async () => {
  const { hosts } = await hostsFile(
    '# all of it\n127.0.0.1 localhost\n  ::1\tlocalhost  ip6-localhost # the other\n192.0.2.1 Big.Test. alias\r\n' +
      '192.0.2.1 big.test\nfe80::1%lo link.test\nnonsense here.test\n192.0.2.2\n#192.0.2.3 gone.test',
  )
  const names = ['localhost', 'ip6-localhost', 'big.test', 'alias', 'link.test', 'here.test', 'gone.test']
  expect(names.map((name) => hosts.find(name))).toEqual([
    ['127.0.0.1', '::1'],
    ['::1'],
    ['192.0.2.1'],
    ['192.0.2.1'],
    ['fe80::1%lo'],
    undefined,
    undefined,
  ])
})

test('reads it again when it has changed, and forgets it when it has gone', async () => {
  const { path, hosts } = await hostsFile('192.0.2.1 a.test\n')
  expect(hosts.find('a.test')).toEqual(['192.0.2.1'])
  await writeFile(path, '192.0.2.2 a.test\n')
  await utimes(path, 1_000, 1_000)
  expect(hosts.find('a.test')).toEqual(['192.0.2.2'])
  await rename(path, `${path}.away`)
  expect(hosts.find('a.test')).toBeUndefined()
  await rename(`${path}.away`, path)
  expect(hosts.find('a.test')).toEqual(['192.0.2.2'])
})

test('leaves a very large one to the system, and says so once', async () => {
  const { hosts, warn } = await hostsFile(`192.0.2.1 a.test\n${'#'.repeat(1024 * 1024)}`)
  for (let i = 0; i < 3; i++) expect(hosts.find('a.test')).toBeUndefined()
  expect(warn).toHaveBeenCalledTimes(1)
})

test('names nobody if it cannot be read', async () => {
  const warn = vi.fn()
  const hosts = new HostsFile(await temporaryFolder(), warn)
  expect(hosts.find('a.test')).toBeUndefined()
  expect(warn).toHaveBeenCalledWith(expect.stringContaining('is no plain file'))
})

test("the system's own names are known without a lookup", () => {
  const { findLocally } = bySystem(256, () => {})
  expect(findLocally('localhost')).toContain('127.0.0.1')
  expect(findLocally('app.localhost')).toEqual(['::1', '127.0.0.1'])
  expect(findLocally('example.test')).toBeUndefined()
})
