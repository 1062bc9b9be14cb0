import { mkdir, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { readCommandLine } from '../../tui/options/command-line.ts'
import { type Options, optionNames } from '../../tui/options/options.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'

/** A person's own file of profiles, in a folder of configuration that is theirs. */
async function profiles(text: string) {
  const XDG_CONFIG_HOME = await temporaryFolder()
  const path = join(XDG_CONFIG_HOME, 'proxyd', 'proxy-tui.toml')
  await mkdir(dirname(path))
  await writeFile(path, text)
  return { path, env: { XDG_CONFIG_HOME, XDG_RUNTIME_DIR: '/run/user/7' } }
}

/** How the app is to look, and what is said of its only daemon. */
async function appIn(env: Record<string, string>, ...args: string[]) {
  const commandLine = await readCommandLine(args, { env, uid: 7, version: '1.2.3' })
  if (commandLine.kind !== 'app') throw new Error('asked for something else')
  const { daemons, ...look } = commandLine.options
  const [first, ...others] = daemons
  if (!first || others.length > 0) throw new Error('it names not one daemon')
  return { ...look, ...first }
}

const home = `
[default]
port = 8081
colour = "never"

[home]
host = "proxy.example"
tls = true
operator = "alice"
password-file = "secrets/alice"
ca = "~/ca.pem"
read-only = true
utc = true
refresh = 1
`

test('without a name it is the default profile, if there is one', async () => {
  const { env } = await profiles(home)
  expect(await appIn(env)).toMatchObject({
    places: [{ kind: 'tcp', host: '127.0.0.1', port: 8081 }],
    colour: false,
    readOnly: false,
  })
  const { env: without } = await profiles('[home]\nport = 1\n')
  expect(await appIn(without)).toMatchObject({ places: [{ kind: 'unix' }, { port: 8080 }], colour: true })
})

test('a profile has all keys; its paths are relative to the file, or to the home folder', async () => {
  const { env, path } = await profiles(home)
  const expected = {
    name: 'alice at proxy.example:8443',
    places: [
      {
        ...{ kind: 'tls', host: 'proxy.example', port: 8443, operator: 'alice', cert: undefined, key: undefined },
        passwordFile: join(dirname(path), 'secrets/alice'),
        ca: { file: join(homedir(), 'ca.pem') },
      },
    ],
    readOnly: true,
    colour: true,
    mini: false,
    utc: true,
    refresh: 1,
  }
  expect(await appIn(env, '--profile', 'home')).toEqual(expected)
  expect(await appIn({ ...env, PROXY_TUI_PROFILE: 'home' })).toEqual(expected)
  expect(await appIn({ XDG_CONFIG_HOME: '/nonexistent' }, '--profile', 'home', '--config', path)).toEqual(expected)
  expect(await appIn({ PROXY_TUI_PROFILE: 'home', PROXY_TUI_CONFIG: path })).toEqual(expected)
})

test('a flag wins over the environment, that over the profile', async () => {
  const { env } = await profiles('[default]\nhost = "profile"\nport = 1\nrefresh = 1\n')
  expect((await appIn(env)).places).toMatchObject([{ host: 'profile', port: 1 }])
  const louder = { ...env, PROXY_TUI_HOST: 'variable', PROXY_TUI_REFRESH: '2', PROXY_TUI_READ_ONLY: 'yes' }
  expect(await appIn(louder)).toMatchObject({ places: [{ host: 'variable', port: 1 }], refresh: 2, readOnly: true })
  const flags = ['--host', 'flag:9', '--refresh', '3']
  expect(await appIn(louder, ...flags)).toMatchObject({ places: [{ host: 'flag', port: 9 }], refresh: 3 })
})

test('a variable that is empty says nothing', async () => {
  expect(await appIn({ XDG_CONFIG_HOME: '/nonexistent', PROXY_TUI_HOST: '', PROXY_TUI_PROFILE: '' })).toMatchObject({
    places: [{ kind: 'unix' }, { kind: 'tcp', host: '127.0.0.1' }],
  })
})

test('a socket takes the place of a weaker host with all that belongs to it, and a host that of a socket', async () => {
  const { env } = await profiles(home)
  const there = await appIn(env, '--profile', 'home', '--socket', '/s')
  expect(there).toMatchObject({ places: [{ kind: 'unix', path: '/s' }], readOnly: true })
  const here = await profiles('[default]\nsocket = "/s"\n')
  expect((await appIn(here.env, '--port', '9')).places).toMatchObject([{ kind: 'tcp', port: 9 }])
  await expect(appIn(here.env, '--operator', 'eve')).rejects.toThrow('an operator logs in by TCP or TLS')
})

test.each([
  ['[home]\nhots = "x"', /: \[home\] has an unknown key hots; perhaps host is meant$/],
  ['[home]\npassword = "hunter2"', /unknown key password; a password has a file of its own/],
  ['[home]\nread_only = true', /unknown key read_only; it is spelt read-only$/],
  ['[home]\ncolor = "never"', /unknown key color; it is spelt colour$/],
  ['[home]\nport = "8080"', /: \[home\] port must be a whole number from 1 to 65535$/],
  ['[home]\nport = 0', /: \[home\] port must be a whole number from 1 to 65535$/],
  ['[home]\ntls = "yes"', /: \[home\] tls must be true or false$/],
  ['[home]\nhost = ""', /: \[home\] host must be a text that is not empty$/],
  ['[home]\nrefresh = 5', /: \[home\] refresh must be a whole number from 1 to 4$/],
  ['[home]\ncolour = "pink"', /: \[home\] colour must be auto or never$/],
  ['[default]\nhost = "a b"', /^the profile's host takes a name or an address/],
  ['[default]\nhost = "a"\nsocket = "s"', /^the profile's socket and the profile's host exclude each other$/],
  ['host = "x"', /: host belongs to no profile; put \[default\] above it$/],
  ['[[home]]\nhost = "x"', /: home belongs to no profile/],
  ['[home]\nhost = hunter2', /proxy-tui\.toml:2:8: .*; mend this line$/],
])('%j is one clear line, and repeats no value', async (text, message) => {
  const { env, path } = await profiles(text)
  const refusal = await appIn(env).then(String, (error: Error) => error.message)
  expect(refusal).toMatch(message)
  expect(refusal).not.toMatch(/\n|hunter2/)
  if (!refusal.startsWith('the profile')) expect(refusal).toContain(path)
})

test('a profile or a file that is named has to be there', async () => {
  const { env, path } = await profiles(home)
  await expect(appIn(env, '--profile', 'work')).rejects.toThrow(
    `${path}: there is no profile work; it has default, home`,
  )
  const nowhere = { XDG_CONFIG_HOME: '/nonexistent' }
  await expect(appIn(nowhere, '--profile', 'home')).rejects.toThrow(
    'cannot read the profiles in /nonexistent/proxyd/proxy-tui.toml: there is no folder /nonexistent: make it first',
  )
  await expect(appIn(nowhere, '--config', '/nonexistent/x')).rejects.toThrow(
    'cannot read the profiles in /nonexistent/x',
  )
})

test.each([
  [{ PROXY_TUI_PORT: '0' }, 'PROXY_TUI_PORT must be a whole number from 1 to 65535'],
  [{ PROXY_TUI_TLS: 'perhaps' }, 'PROXY_TUI_TLS must be true or false'],
  [{ PROXY_TUI_READONLY: 'true' }, 'there is no variable PROXY_TUI_READONLY; it is spelt PROXY_TUI_READ_ONLY'],
  [{ PROXY_TUI_COLOR: 'never' }, 'there is no variable PROXY_TUI_COLOR; it is spelt PROXY_TUI_COLOUR'],
  [
    { PROXY_TUI_EXEC: 'status' },
    'there is no variable PROXY_TUI_EXEC; the variables are PROXY_TUI_HOST, PROXY_TUI_PORT',
  ],
  [
    { PROXY_TUI_PASSWORD: 'hunter2' },
    'there is no variable PROXY_TUI_PASSWORD; a password has a file of its own: PROXY_TUI_PASSWORD_FILE names that',
  ],
  [{ PROXY_TUI_HOST: 'a b' }, 'PROXY_TUI_HOST takes a name or an address'],
  [{ PROXY_TUI_HOST: 'h', PROXY_TUI_SOCKET: 's' }, 'PROXY_TUI_SOCKET and PROXY_TUI_HOST exclude each other'],
])('refuses %j', async (env: Record<string, string>, message) => {
  await expect(appIn({ XDG_CONFIG_HOME: '/nonexistent', ...env })).rejects.toThrow(message)
})

test('no option takes a password itself (21)', () => {
  const secret: (keyof Options)[] = optionNames.filter((name) => /password|secret/.test(name))
  expect(secret).toEqual(['password-file'])
})
