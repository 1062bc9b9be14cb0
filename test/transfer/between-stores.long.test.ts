import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type Daemon, startDaemon } from '../helpers/daemon.ts'
import { eventually } from '../helpers/eventually.ts'
import { attemptLogin } from '../helpers/login-attempt.ts'
import { hasPostgres, usePostgres } from '../helpers/postgres.ts'
import { exec } from '../helpers/proxy-tui.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'

const password = 'gravel-tulip-93'
const used = { up: 10, down: 20, mark: 25, marked: 1_700_000_000_000 }

/** Some of each kind that an export has. */
const kept = {
  proxyd: 1,
  groups: [
    { name: 'default', limits: {} },
    { name: 'größe', limits: { 'max-connections': 7 } },
    { name: 'kids', limits: { 'rate-down': 1_000_000, quota: null } },
  ],
  users: [
    {
      ...{ name: 'ann', password, created: 5, used, firstUsed: 1_700_000_000_000 },
      limits: { group: 'kids', expires: '30d', starts: 'first-use', sources: ['10.0.0.0/8', '127.0.0.0/8'] },
    },
    { name: 'bob', password, enabled: false, created: 6, limits: { quota: 1e9, cycle: 'month' } },
    { name: "zoë 'DROP", password, created: 7, limits: { 'max-connections': 3 } },
  ],
  rules: ['deny user:ann to a.example', 'allow to *.example', 'test user:ann a.example:80 = deny'],
  settings: { 'timeout-idle': 60_000, 'max-connections': 900 },
  bans: [
    { source: '192.0.2.1', until: null },
    { source: '2001:db8::/64', until: null },
  ],
  watches: [{ name: 'guesses', text: 'login-failures>1 for 1h00m' }],
}

describe.skipIf(!hasPostgres)('all that an export has', () => {
  const server = usePostgres()

  const exported = async (daemon: Daemon): Promise<string> => (await exec(daemon, 'export')).stdout
  const answer = (daemon: Daemon, name: string) =>
    attemptLogin(daemon.port('socks'), '127.0.0.1', name, password).readHex(4)

  it('goes from a store in a file to a PostgreSQL and back, and is the same', async () => {
    const folder = await temporaryFolder()
    const write = (name: string, text: string) => {
      const file = join(folder, name)
      writeFileSync(file, text, { mode: 0o600 })
      return file
    }
    const bring = async (daemon: Daemon, file: string) => {
      expect(await exec(daemon, `import ${file}`)).toMatchObject({ status: 0, stderr: '' })
    }

    const first = await startDaemon()
    await bring(first, write('first.json', JSON.stringify(kept)))
    const text = await exported(first)
    const { users, ...others } = JSON.parse(text)
    const { users: wished, ...rest } = kept
    expect(others).toMatchObject(rest)
    expect(users).toMatchObject(wished.map(({ password, ...user }) => user))

    const store = ['--store', server.place(await server.newDatabase())]
    const [a, b] = await Promise.all(['a', 'b'].map((node) => startDaemon([...store, '--node', node])))
    await bring(a as Daemon, write('to-postgres.json', text))
    expect(await exported(a as Daemon)).toBe(text)
    await eventually(async () => expect(await exported(b as Daemon)).toBe(text))
    for (const daemon of [a, b] as Daemon[]) {
      expect(await answer(daemon, 'ann')).toBe('05020100')
      expect(await answer(daemon, 'bob')).toBe('05020101')
    }
    await a?.kill()
    const again = await startDaemon([...store, '--node', 'a'])
    const fromPostgres = await exported(again)
    expect(fromPostgres).toBe(text)

    const last = await startDaemon()
    const back = write('back.json', fromPostgres)
    await bring(last, back)
    for (const daemon of [first, again, last])
      expect((await exec(daemon, `import ${back}`)).stdout).toBe('all is so already\n')
    expect(await exported(last)).toBe(text)
    expect(await answer(last, 'ann')).toBe('05020100')
  })
})
