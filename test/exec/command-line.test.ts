import { describe, expect, test } from 'vitest'
import { readCommandLine } from '../../tui/command-line.ts'

const surroundings = { env: { XDG_RUNTIME_DIR: '/run/user/7' }, uid: 7, version: '1.2.3' }

function read(...args: string[]) {
  return readCommandLine(args, surroundings)
}

function optionsOf(...args: string[]) {
  const commandLine = read(...args)
  if (commandLine.kind === 'print') throw new Error('asked to print')
  return commandLine.options
}

function tcp(host: string, port: number) {
  return { kind: 'tcp', host, port, cookieFile: '/run/user/7/proxyd/cookie' }
}

describe('where the daemon is', () => {
  test('by default at its Unix socket, then on the IPv4 loopback', () => {
    const [unix, loopback] = optionsOf().targets
    expect(unix).toEqual({ kind: 'unix', path: '/run/user/7/proxyd/proxyd.sock' })
    expect(loopback).toEqual(tcp('127.0.0.1', 8080))
  })

  test('--runtime-dir moves the socket and the cookie', () => {
    expect(optionsOf('--runtime-dir', '/x').targets).toEqual([
      { kind: 'unix', path: '/x/proxyd.sock' },
      { kind: 'tcp', host: '127.0.0.1', port: 8080, cookieFile: '/x/cookie' },
    ])
    expect(optionsOf('--runtime-dir', '/x', '--host', '::1').targets).toEqual([
      { kind: 'tcp', host: '::1', port: 8080, cookieFile: '/x/cookie' },
    ])
  })

  test('--socket is the only try', () => {
    expect(optionsOf('--socket', 's').targets).toEqual([{ kind: 'unix', path: 's' }])
  })

  test('--cookie-file goes with any TCP target', () => {
    expect(optionsOf('--host', 'h', '--cookie-file', '/c').targets).toEqual([
      { kind: 'tcp', host: 'h', port: 8080, cookieFile: '/c' },
    ])
    expect(optionsOf('--cookie-file', '/c').targets[1]).toMatchObject({ cookieFile: '/c' })
  })

  test('--port alone means TCP on this machine', () => {
    expect(optionsOf('--port', '9').targets).toEqual([tcp('127.0.0.1', 9)])
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
  ])('--host %s', (text, host, port) => {
    expect(optionsOf('--host', text).targets).toEqual([tcp(host, port)])
  })

  test('--port completes a host without one, and may repeat it', () => {
    expect(optionsOf('--host', '::1', '--port', '9').targets).toEqual([tcp('::1', 9)])
    expect(optionsOf('--host', '[::1]', '--port', '9').targets).toEqual([tcp('::1', 9)])
    expect(optionsOf('--host', 'h:9', '--port', '9').targets).toEqual([tcp('h', 9)])
  })

  test.each(['', ':', ':80', 'h:', 'h:0', 'h:65536', 'h:8o', '[::1', '::1]', '[h]:1', '1:2:3', '[]', 'a b', 'h:80:80'])(
    'refuses --host %j',
    (host) => {
      expect(() => read('--host', host)).toThrow('--host takes a name or an address')
    },
  )
})

test('without --exec it is the terminal app', () => {
  expect(read('--socket', 's')).toEqual({ kind: 'app', options: { targets: [{ kind: 'unix', path: 's' }] } })
})

test('--timeout is in seconds, fractions too', () => {
  expect(optionsOf('--exec', 'users', '--timeout', '2.5')).toMatchObject({ timeoutMs: 2500 })
})

test('--exec repeats, and takes - and what looks like a flag', () => {
  expect(read('--exec', 'users; stats', '--exec', '-', '--exec', '--x', '--json')).toMatchObject({
    kind: 'exec',
    options: { lines: ['users; stats', '-', '--x'], json: true, passwordStdin: false, timeoutMs: 10_000 },
  })
})

test.each([
  [['--frob'], "unknown option '--frob'"],
  [['users'], 'too many arguments'],
  [['--host'], "option '--host <HOST>' argument missing"],
  [['--port', '0'], 'a port is a number from 1 to 65535'],
  [['--port', '1e3'], 'a port is a number'],
  [['--timeout', '0'], 'a timeout is a number of seconds'],
  [['--timeout', 'NaN'], 'a timeout is a number of seconds'],
  [['--host', 'h:1', '--port', '2'], '--host and --port name different ports'],
  [['--socket', 's', '--host', 'h'], 'cannot be used with'],
  [['--socket', 's', '--port', '1'], 'cannot be used with'],
  [['--json'], 'need --exec'],
  [['--timeout', '3'], 'need --exec'],
  [['--password-stdin'], 'need --exec'],
  [['--exec', '-', '--exec', '-'], 'only one'],
  [['--exec', '-', '--password-stdin'], 'only one'],
])('refuses %j', (args, message) => {
  expect(() => read(...args)).toThrow(message)
})

test('a refusal goes on after it, so no full stop ends it', () => {
  expect(() => read('extra')).toThrow(/got 1: extra$/)
})

test('refusals are one line', () => {
  for (const args of [
    ['--hots', 'h'],
    ['a', 'b'],
    ['--port', 'x'],
  ]) {
    expect(() => read(...args)).toThrow(/^[^\n]+$/)
  }
})

test('--version and --help print', () => {
  expect(read('--version')).toEqual({ kind: 'print', text: '1.2.3\n' })
  expect(read('-v')).toEqual({ kind: 'print', text: '1.2.3\n' })
  for (const flag of ['-h', '--help']) {
    const help = read(flag)
    expect(help).toMatchObject({ kind: 'print', text: expect.stringContaining("--exec 'adduser bob'") })
  }
})
