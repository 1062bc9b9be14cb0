import { describe, expect, test } from 'vitest'
import { readCommandLine } from '../../tui/options/command-line.ts'

const nowhere = { XDG_RUNTIME_DIR: '/run/user/7', XDG_CONFIG_HOME: '/nonexistent' }

function read(...args: string[]) {
  return readIn({}, ...args)
}

function readIn(env: Record<string, string>, ...args: string[]) {
  return readCommandLine(args, { env: { ...nowhere, ...env }, uid: 7, version: '1.2.3' })
}

async function optionsOf(...args: string[]) {
  return optionsIn({}, ...args)
}

/** The options, and beside them what they say of the first daemon. */
async function optionsIn(env: Record<string, string>, ...args: string[]) {
  const commandLine = await readIn(env, ...args)
  if (commandLine.kind === 'print') throw new Error('asked to print')
  const { options } = commandLine
  const [first] = options.daemons
  if (!first) throw new Error('it names no daemon')
  return { ...options, ...first }
}

function tcp(host: string, port: number) {
  return { kind: 'tcp', host, port, cookieFile: '/run/user/7/proxyd/cookie' }
}

describe('where the daemon is', () => {
  test('by default at its Unix socket, then on the IPv4 loopback', async () => {
    const [unix, loopback] = (await optionsOf()).places
    expect(unix).toEqual({ kind: 'unix', path: '/run/user/7/proxyd/proxyd.sock' })
    expect(loopback).toEqual(tcp('127.0.0.1', 8080))
  })

  test('--runtime-dir moves the socket and the cookie, and keeps away from whoever is at the usual port', async () => {
    const ours = [{ kind: 'unix', path: '/x/proxyd.sock' }]
    expect((await optionsOf('--runtime-dir', '/x')).places).toEqual(ours)
    expect((await optionsIn({ PROXY_TUI_RUNTIME_DIR: '/x' })).places).toEqual(ours)
    expect((await optionsOf('--runtime-dir', '/x', '--host', '::1')).places).toEqual([
      { kind: 'tcp', host: '::1', port: 8080, cookieFile: '/x/cookie' },
    ])
  })

  test('--socket is the only try', async () => {
    expect((await optionsOf('--socket', 's')).places).toEqual([{ kind: 'unix', path: 's' }])
  })

  test('--cookie-file goes with any TCP target', async () => {
    expect((await optionsOf('--host', 'h', '--cookie-file', '/c')).places).toEqual([
      { kind: 'tcp', host: 'h', port: 8080, cookieFile: '/c' },
    ])
    expect((await optionsOf('--cookie-file', '/c')).places[1]).toMatchObject({ cookieFile: '/c' })
  })

  test('--port alone means TCP on this machine', async () => {
    expect((await optionsOf('--port', '9')).places).toEqual([tcp('127.0.0.1', 9)])
  })

  test.each([
    ['::1', '::1', 8080],
    ['[::1]', '::1', 8080],
    ['[::1]:9090', '::1', 9090],
    ['fe80::1%eth0', 'fe80::1%eth0', 8080],
    ['[fe80::1%eth0]:1', 'fe80::1%eth0', 1],
    ['::ffff:127.0.0.1', '::ffff:127.0.0.1', 8080],
    ['127.0.0.2', '127.0.0.2', 8080],
    ['127.0.0.2:65535', '127.0.0.2', 65_535],
    ['localhost', 'localhost', 8080],
    ['proxy.example:9090', 'proxy.example', 9090],
  ])('--host %s', async (text, host, port) => {
    expect((await optionsOf('--host', text)).places).toEqual([tcp(host, port)])
  })

  test('--port completes a host without one, and may repeat it', async () => {
    expect((await optionsOf('--host', '::1', '--port', '9')).places).toEqual([tcp('::1', 9)])
    expect((await optionsOf('--host', '[::1]', '--port', '9')).places).toEqual([tcp('::1', 9)])
    expect((await optionsOf('--host', 'h:9', '--port', '9')).places).toEqual([tcp('h', 9)])
  })

  test.each([':', ':80', 'h:', 'h:0', 'h:65536', 'h:8o', '[::1', '::1]', '[h]:1', '1:2:3', '[]', 'a b', 'h:80:80'])(
    'refuses --host %j',
    async (host) => {
      await expect(read('--host', host)).rejects.toThrow('--host takes a name or an address')
    },
  )
})

test('without --exec it is the terminal app', async () => {
  expect(await read('--socket', 's')).toEqual({
    kind: 'app',
    options: {
      daemons: [{ name: 's', places: [{ kind: 'unix', path: 's' }], readOnly: false }],
      colour: true,
      refresh: 4,
      mini: false,
      utc: false,
    },
  })
})

test.each([
  [['--host', ''], "'--host <HOST>' argument '' is invalid. It must be a text that is not empty"],
  [['--ca', 'c', '--operator', 'eve'], '--ca needs --tls'],
  [['--tls-name', 'n', '--operator', 'eve'], '--tls-name needs --tls'],
  [['--password-file', 'p'], '--password-file needs --operator'],
  [['--tls', '--operator', 'eve', '--cert', 'c'], 'cert and key need each other'],
  [['--tls', '--operator', 'eve', '--key', 'k'], 'cert and key need each other'],
  [['--tls'], 'tls needs an operator'],
  [['--refresh', '5'], 'It must be a whole number from 1 to 4'],
  [['--colour', 'pink'], 'It must be auto or never'],
  [['--socket', 's', '--operator', 'eve'], '--socket and --operator exclude each other'],
])('an operator, TLS and the look: refuses %j', async (args, message) => {
  await expect(read(...args)).rejects.toThrow(message)
})

test('--operator logs in by TCP, and with --tls by TLS, on the port for that', async () => {
  expect((await optionsOf('--operator', 'eve')).places).toEqual([
    { kind: 'tcp', host: '127.0.0.1', port: 8080, operator: 'eve' },
  ])
  const files = ['--ca', '/ca', '--cert', '/c', '--key', '/k']
  const tls = ['--tls', '--host', 'proxy.example', '--tls-name', 'lab', ...files]
  expect((await optionsOf('--operator', 'eve', ...tls, '--password-file', '/p')).places).toEqual([
    {
      ...{ kind: 'tls', host: 'proxy.example', port: 8443, operator: 'eve', passwordFile: '/p' },
      ...{ servername: 'lab', ca: { file: '/ca' }, cert: { file: '/c' }, key: { file: '/k' } },
    },
  ])
})

test('--read-only, --colour and --refresh', async () => {
  const look = await optionsOf('--read-only', '--colour', 'never', '--refresh', '2')
  expect(look).toMatchObject({ readOnly: true, colour: false, refresh: 2 })
  expect(await optionsOf('--read-only', '--exec', 'users')).toMatchObject({ readOnly: true })
})

test('--timeout is in seconds, fractions too, or as people write a time', async () => {
  expect(await optionsOf('--exec', 'users', '--timeout', '1m30s')).toMatchObject({
    timeoutMs: 90_000,
    upgradeMs: 90_000,
  })
  expect(await optionsOf('--exec', 'users', '--timeout', '2.5')).toMatchObject({ timeoutMs: 2500 })
})

test('--exec repeats, and takes - and what looks like a flag', async () => {
  expect(await read('--exec', 'users; stats', '--exec', '-', '--exec', '--x', '--json')).toMatchObject({
    kind: 'exec',
    options: {
      lines: ['users; stats', '-', '--x'],
      json: true,
      passwordStdin: false,
      timeoutMs: 10_000,
      upgradeMs: 70_000,
    },
  })
})

test.each([
  [['--frob'], /^there is no flag --frob$/],
  [['--prot', '9'], /^there is no flag --prot; perhaps --port is meant$/],
  [['--insecure'], '--insecure-plaintext is meant'],
  [['users'], 'commands follow --exec: proxy-tui --exec users'],
  [['addusr', 'bob'], "perhaps --exec 'adduser' is meant"],
  [['profile', 'x'], 'perhaps --profile is meant'],
  [['proxy.example'], 'a daemon is named with --host proxy.example'],
  [['[::1]:8080'], 'a daemon is named with --host [::1]:8080'],
  [['--exec', 'adduser', 'bob2'], /^a command is one argument: quote it, as in --exec 'adduser NAME'$/],
  [['--exec', 'adduser bob', 'hunter2'], /^a command is one argument: quote it, as in --exec 'adduser bob'$/],
  [['--host'], "option '--host <HOST>' argument missing"],
  [['--timeout'], "option '--timeout <TIME>' argument missing: to connect, and for each answer, such as 90s"],
  [['--port', '0'], "option '--port <PORT>' argument '0' is invalid. It must be a whole number from 1 to 65535"],
  [['--port', '1e3'], 'a whole number from 1 to 65535'],
  [['--timeout', '0'], 'a timeout is a time such as 90s, at most 1d'],
  [['--timeout', '2d'], 'a timeout is a time such as 90s'],
  [['--host', 'h:1', '--port', '2'], '--host and --port name different ports'],
  [['--socket', 's', '--host', 'h'], '--socket and --host exclude each other'],
  [['--socket', 's', '--port', '1'], '--socket and --port exclude each other'],
  [['--json'], /^--json is about commands: give some with --exec, as in proxy-tui --json --exec users$/],
  [['--timeout', '3'], '--timeout is about commands'],
  [['--password-stdin'], '--password-stdin is about commands'],
  [['--exec', '-', '--exec', '-'], 'only one'],
  [['--exec', '-', '--password-stdin'], 'only one'],
])('refuses %j', async (args, message) => {
  await expect(read(...args)).rejects.toThrow(message)
})

test('a refusal goes on after it, so no full stop ends it', async () => {
  await expect(read('--port', 'x')).rejects.toThrow(/65535$/)
})

test('refusals are one line', async () => {
  for (const args of [
    ['--hots', 'h'],
    ['a', 'b'],
    ['--port', 'x'],
  ]) {
    await expect(read(...args)).rejects.toThrow(/^[^\n]+$/)
  }
})

test('--version and --help print', async () => {
  expect(await read('--version')).toEqual({ kind: 'print', text: '1.2.3\n' })
  expect(await read('-v')).toEqual({ kind: 'print', text: '1.2.3\n' })
  for (const flag of ['-h', '--help']) {
    const help = await read(flag)
    expect(help).toMatchObject({ kind: 'print', text: expect.stringContaining("--exec 'adduser bob'") })
  }
})
