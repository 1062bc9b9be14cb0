import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { bytes } from '../helpers/bytes.ts'
import { type Daemon, startDaemon } from '../helpers/daemon.ts'
import { operate, set } from '../helpers/operate.ts'
import { connectPeer } from '../helpers/peer.ts'
import { exec } from '../helpers/proxy-tui.ts'
import { greetingForLogin, login } from '../helpers/socks-client.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'

const password = 'gravel-tulip-93'

/** The answer to a login. */
async function answer(daemon: Daemon, name: string): Promise<string> {
  const client = await connectPeer('127.0.0.1', daemon.port('socks'))
  client.write(bytes(greetingForLogin, login(name, password)))
  return client.readHex(4)
}

test('all that one daemon keeps is brought to another, by a file that only its owner can read', async () => {
  const [from, to] = [await startDaemon(), await startDaemon()]
  const admin = await operate(from)
  for (const name of ['ann', 'bob']) await admin.call('users.add', { name, password })
  await admin.call('users.setEnabled', { name: 'bob', enabled: false })
  await admin.call('groups.add', { name: 'kids', fields: { 'rate-down': '1MB/s' } })
  await admin.call('users.set', { names: ['ann'], fields: { group: 'kids', quota: '5GB', note: 'a "note"' } })
  await admin.call('rules.apply', { text: '# whom\ndeny user:ann to a.example\ntest user:ann a.example:80 = deny\n' })
  await admin.call('bans.add', { source: '192.0.2.1' })
  await admin.call('operators.add', { name: 'kim', role: 'viewer', password })
  await set(admin, { 'timeout-idle': 60_000 })

  const file = join(await temporaryFolder(), 'all.json')
  const made = await exec(from, `export ${file}`)
  expect(made).toMatchObject({ status: 0, stdout: `wrote ${file}: 2 users, 2 groups, 3 lines of rules\n` })
  expect(statSync(file).mode & 0o777).toBe(0o600)
  expect((await exec(from, `export ${file}`)).stderr).toContain('is there already')
  expect((await exec(from, 'export')).stdout).toBe(readFileSync(file, 'utf8'))

  const changes = [
    '+  group    kids',
    '+  user     ann',
    '+  user     bob',
    '+  rule     deny user:ann to a.example',
    '~  setting  timeout-idle                3600000 -> 60000',
    '+  ban      192.0.2.1',
  ]
  const dry = await exec(to, `import ${file} --dry-run`)
  expect(
    dry.stdout
      .trim()
      .split('\n')
      .map((line) => line.replace(/ +-/, ' -').replace(/ {3,}/g, ' ')),
  ).toEqual(changes.map((line) => line.replace(/ {3,}/g, ' ')))
  expect((await exec(to, 'users', '--json')).stdout).toBe('[]\n')
  const real = await exec(to, `import ${file}`)
  expect(real).toMatchObject({ status: 0, stdout: dry.stdout })
  expect(real.stderr).toContain("'addoperator kim --role viewer'")
  expect((await exec(to, `import ${file}`)).stdout).toBe('all is so already\n')
  const audit = await exec(to, 'audit', '--json')
  expect(audit.stdout).toContain('"imported":[{"of":"user","name":"ann"')
  expect(audit.stdout).not.toContain('scrypt')

  expect([await answer(to, 'ann'), await answer(to, 'bob')]).toEqual(['05020100', '05020101'])
  await to.kill()
  const restarted = await startDaemon([], { folders: to.folders })
  const again = await exec(restarted, 'export')
  const withoutOperators = (text: string) => ({ ...JSON.parse(text), operators: [] })
  expect(withoutOperators(again.stdout)).toEqual(withoutOperators(readFileSync(file, 'utf8')))
})

test('an import of which a part is refused changes nothing', async () => {
  const daemon = await startDaemon()
  const file = join(await temporaryFolder(), 'bad.json')
  const kept = { proxyd: 1, users: [{ name: 'ann', password }], rules: ['deny to a.example', 'let them in'] }
  writeFileSync(file, JSON.stringify(kept))
  const { status, stdout, stderr } = await exec(daemon, `import ${file}`)
  expect({ status, stdout }).toEqual({ status: 1, stdout: '' })
  expect(stderr).toMatch(/import: rules: line 2, column 1: .*; nothing is imported\n$/)
  expect((await exec(daemon, 'users', '--json')).stdout).toBe('[]\n')
})

test('users of 3proxy and of lists with hashes log in with the passwords they had', async () => {
  const daemon = await startDaemon()
  const folder = await temporaryFolder()
  const write = (name: string, text: string) => {
    writeFileSync(join(folder, name), text)
    return join(folder, name)
  }
  const from3proxy = await exec(daemon, `import ${write('3proxy.cfg', `users ann:CL:${password} cid:NT:00\n`)}`)
  expect(from3proxy).toMatchObject({ status: 1, stdout: '+  user  ann\n' })
  expect(from3proxy.stderr).toMatch(/line 1: of cid .* NT, which cannot be checked.*\n.*1 user could not be read/)
  const hash = '$2b$04$abcdefghijklmnopqrstuuyTTo36ZtM7Ory56p0.LKdv.I0oDHXPC'
  const list = await exec(daemon, `import ${write('list', `bob:${hash}\n`)}`)
  expect(list).toMatchObject({ status: 0, stdout: '+  user  bob\n' })
  expect([await answer(daemon, 'ann'), await answer(daemon, 'bob'), await answer(daemon, 'cid')]).toEqual([
    '05020100',
    '05020100',
    '05020101',
  ])
  await vi.waitFor(async () => {
    const kept = JSON.parse((await exec(daemon, 'export')).stdout)
    expect(kept.users).toMatchObject([
      { name: 'ann' },
      { name: 'bob', hash: expect.stringMatching(/^\$scrypt-sha256\$/) },
    ])
  }, 60_000)
})
