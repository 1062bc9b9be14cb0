import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { spawnDaemon, startDaemon } from '../helpers/daemon.ts'
import { eventually } from '../helpers/eventually.ts'
import { operate } from '../helpers/operate.ts'
import { hasPostgres, usePostgres } from '../helpers/postgres.ts'
import { makeStore } from '../helpers/stores.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'

describe.skipIf(!hasPostgres)('a store that daemons share', () => {
  const server = usePostgres()

  it('begins with what a daemon had by itself, serves two, and outlives its server', async () => {
    const database = await server.newDatabase('template0')
    const store = ['--store', server.place(database)]
    await expectEnd(store, 1, /holds nothing of proxyd yet: run proxyd --migrate/)
    const own = await temporaryFolder()
    await makeStore(own, 2)
    expect(await end([...store, '--migrate', '--from', own])).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/schema \d+ now\ncopied users: 3, .*rules: 1/),
    })
    await expectEnd([...store, '--migrate', '--from', own], 1, /has users already/)
    expect((await end([...store, '--check'])).stdout).toMatch(/^the store can be used: users: 3.*\nproxyd would start/)

    const first = await operate(await startDaemon([...store, '--node', 'a']))
    const second = await operate(await startDaemon([...store, '--node', 'b']))
    const names = async (client: typeof first) =>
      (await client.call('users.list')).result.users.map(({ name }: { name: string }) => name)
    expect((await names(first)).sort()).toEqual(['bob', 'user1', 'user2'])
    expect((await second.call('rules.list', { text: true })).result.text).toBe('deny user:bob to a.example\n')
    const added = await first.call('users.add', { name: 'ann', password: 'gravel-tulip-93' })
    expect(added.error).toBeUndefined()
    expect(await server.sql(database, "SELECT id, name FROM proxyd.users WHERE name = 'ann'")).toEqual([
      { id: 4, name: 'ann' },
    ])
    await eventually(async () => {
      const { entries } = (await second.call('audit.list', { action: 'users.add' })).result
      expect(entries).toMatchObject([{ node: 'a' }])
    })
    expect((await first.call('transfer.backup', { file: join(own, 'copy') })).error?.message).toMatch(/pg_dump/)

    await server.stop()
    try {
      // It is refused by a server that is gone, or the daemon knows from one that was just going.
      const away = /the store .*: see to the server/
      const refused = await first.call('users.add', { name: 'eve', password: 'gravel-tulip-93' })
      expect(refused.error?.message).toMatch(away)
      const late = await first.call('users.setEnabled', { name: 'ann', enabled: false })
      expect(late.result).toMatchObject({ stored: false })
      expect((await first.call('status.get')).result.health.store.problem).toMatch(away)
    } finally {
      await server.start()
    }
    await eventually(async () => {
      const again = await first.call('users.add', { name: 'eve', password: 'gravel-tulip-93' })
      expect(again.error).toBeUndefined()
    })
    expect(await server.sql(database, "SELECT enabled FROM proxyd.users WHERE name = 'ann'")).toEqual([
      { enabled: false },
    ])
  })

  it('is refused in one line that says what to do', async () => {
    const url = `postgres://proxyd@127.0.0.1:${server.port}/template_of_proxyd`
    const folder = await temporaryFolder()
    const file = join(folder, 'password')
    const say = (password: string) => writeFileSync(file, `${password}\n`, { mode: 0o600 })
    const withFile = ['--store', url, '--store-password-file', file]
    await expectEnd(['--store', url], 1, /wants a password: .*--store-password-file/)
    say('wrong')
    await expectEnd(withFile, 1, /does not let proxyd in .*--store-password-file/)
    say('secret')
    expect(await end([...withFile, '--check'])).toMatchObject({ status: 0 })
    await expectEnd([...withFile, '--store', url.replace(/\w+$/, 'nowhere')], 1, /has no database nowhere: create it/)
    await expectEnd([...withFile, '--store', `${url}?sslmode=verify-full`], 1, /does not speak TLS/)
    await expectEnd([...withFile, '--check-store'], 2, /--store names a PostgreSQL/)
    await expectEnd([...withFile, '--recover-store'], 2, /--store names a PostgreSQL/)
    await expectEnd(['--migrate'], 2, /name it with --store/)
    await expectEnd(['--from', folder], 2, /--from is for --migrate/)
    await expectEnd(['--node', 'a b'], 2, /letters, digits/)
  })
})

async function end(args: readonly string[]) {
  const daemon = await spawnDaemon(args)
  return daemon.ended
}

async function expectEnd(args: readonly string[], status: number, words: RegExp): Promise<void> {
  const ending = await end(args)
  expect(ending.stderr).toMatch(words)
  expect(ending.stderr.trimEnd()).not.toContain('\n')
  expect(ending.status).toBe(status)
}
