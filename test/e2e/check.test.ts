import { existsSync, readdirSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { asNobody, canBeNobody, foldersOfNobody } from '../helpers/as-nobody.ts'
import { makeCertificate } from '../helpers/certificate.ts'
import { type Folders, spawnDaemon, startDaemon, temporaryFolders } from '../helpers/daemon.ts'
import { operate } from '../helpers/operate.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'

async function check(folders: Folders, ...args: string[]) {
  return (await spawnDaemon(['--check', ...args], { folders })).ended
}

test('a check tells all that is wrong, on stderr, and makes nothing', async () => {
  const folders = await temporaryFolders()
  const folder = await temporaryFolder()
  const sound = await check(folders)
  expect(sound).toMatchObject({ status: 0, stderr: '' })
  expect(sound.stdout).toMatch(/^there is no store in .* yet: proxyd makes one\nproxyd would start like this\n$/)
  expect(() => readdirSync(folders.state)).toThrow('ENOENT')

  const config = join(folder, 'proxyd.toml')
  const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')]
  writeFileSync(cert, makeCertificate('127.0.0.1').cert)
  writeFileSync(key, makeCertificate('127.0.0.1').key, { mode: 0o600 })
  const lines = [
    'forward = ["0.0.0.0:9464=192.0.2.7:80"]',
    'metrics-addr = ["127.0.0.1:9464"]',
    'socks-addr = ["192.0.2.7"]',
    'control-tls-addr = ["127.0.0.1"]',
    `control-tls-cert = ${JSON.stringify(cert)}`,
    `control-tls-key = ${JSON.stringify(key)}`,
    `webhook-url = "http://example.com/"`,
    `access-log = ${JSON.stringify(join(folder, 'none', 'access.log'))}`,
  ]
  writeFileSync(config, lines.join('\n'), { mode: 0o600 })
  const wrong = await check(folders, '--config', config)
  expect(wrong.status).toBe(1)
  const problems = wrong.stderr.trimEnd().split('\n')
  expect(problems).toEqual([
    expect.stringMatching(/^proxyd: SOCKS on 192\.0\.2\.7 without a password/),
    expect.stringMatching(/^proxyd: the key in .* is not that of the first certificate/),
    expect.stringMatching(/^proxyd: the URL of webhook-url /),
    expect.stringMatching(/^proxyd: cannot write to the access log .*: there is no folder .*none: make it first/),
    'proxyd: metrics is to be served on 127.0.0.1:9464, and forward is: give it another port with --metrics-addr',
    expect.stringMatching(/^proxyd: this machine has no address 192\.0\.2\.7/),
  ])
  expect(readdirSync(folder).sort()).toEqual(['cert.pem', 'key.pem', 'proxyd.toml'])

  const unmade = await check({ ...folders, state: join(config, 'state') }, '-u', 'bob')
  expect(unmade.stderr).toMatch(
    /^proxyd: .*proxyd\.toml is not a folder: .*\nproxyd: --user takes NAME:PASS, and there is no colon/,
  )

  const proc = await check({ ...folders, runtime: '/proc/x' }, '--access-log', join(config, 'log'))
  expect(proc.stderr).toMatch(
    /^proxyd: .*runtime folder \/proc\/x: nobody but the kernel .*\nproxyd: .*: \S+proxyd\.toml is not a folder: /,
  )

  const unopened = await check({ ...folders, runtime: join(folder, 'none', 'runtime') })
  expect(unopened).toMatchObject({
    status: 1,
    stderr: expect.stringMatching(/^proxyd: cannot make the runtime folder /),
  })

  writeFileSync(config, 'workers = "x"\nworkers2 = 1\n', { mode: 0o600 })
  const misread = await check(folders, '--config', config)
  expect(misread).toMatchObject({ status: 1, stdout: '' })
  expect(misread.stderr).toMatch(/workers must be .*unknown key "workers2"/)
})

test('beside a proxyd that runs it looks at the rest; behind it, at the rules and their lists, too', async () => {
  const folders = await temporaryFolders()
  const daemon = await startDaemon([], { folders })
  const list = join(await temporaryFolder(), 'list')
  writeFileSync(list, 'example.com\n', { mode: 0o600 })
  await (await operate(daemon)).call('rules.add', { rule: `deny to @${list}` })
  const beside = await check(folders)
  expect(beside).toMatchObject({ status: 0, stderr: '' })
  expect(beside.stdout).toMatch(/^a proxyd has .* open/)
  await daemon.stop()

  expect((await check(folders)).stdout).toMatch(/ is sound: .*rules: 1.*\nproxyd would start like this\n$/)
  writeFileSync(list, '10.0.0.1/8\n')
  const behind = await check(folders)
  expect(behind).toMatchObject({ status: 1 })
  expect(behind.stderr).toMatch(/^proxyd: .*proxyd would not start with it: .*list:1: /)
})

test('sockets that cannot be are refused, before one of them is open', async () => {
  const folders = await temporaryFolders()
  const twice = [
    '-l',
    '::1',
    '-l',
    '0:0::1',
    '-p',
    '0',
    '--forward',
    '9000=127.0.0.1:9000',
    '--metrics-addr',
    '[ff02::1]:0',
  ]
  const problems = (await check(folders, ...twice)).stderr.trimEnd().split('\n')
  expect(problems).toEqual([
    'proxyd: socks is to be served on [0:0::1]:0, and on [::1]:0: leave one out, see -l',
    expect.stringMatching(/^proxyd: the forward 127\.0\.0\.1:9000 leads to .*, where proxyd itself listens/),
    expect.stringMatching(/^proxyd: cannot listen on port 0 of ff02::1 \(EINVAL\)/),
  ])
  const begun = await (await spawnDaemon(twice.slice(0, 6), { folders })).ended
  expect(begun).toMatchObject({ status: 2, stdout: '', stderr: `${problems[0]}\n` })
})

test.runIf(canBeNobody())('what only root may do is refused to others, and nothing is made', async () => {
  const folders = await foldersOfNobody()
  rmdirSync(folders.runtime)
  const args = ['-p', '80', '--control-socket-mode', '0660', '--control-socket-group', '4']
  const within = asNobody(100)
  const checked = await (await spawnDaemon(['--check', ...args], { folders, within })).ended
  expect(checked.status).toBe(1)
  expect(checked.stderr.trimEnd().split('\n')).toEqual([
    expect.stringMatching(/^proxyd: cannot give .* to group 4: proxyd's user must be in it/),
    'proxyd: port 80 on 127.0.0.1 is not for this user: choose one above 1023 with -p',
    'proxyd: port 80 on ::1 is not for this user: choose one above 1023 with -p',
  ])
  const begun = await (await spawnDaemon(args.slice(2), { folders, within })).ended
  expect(begun).toMatchObject({ status: 1, stderr: expect.stringMatching(/^proxyd: cannot give .* to group 4/m) })
  expect(existsSync(folders.runtime)).toBe(false)
})
