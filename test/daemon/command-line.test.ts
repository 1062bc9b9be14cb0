import { describe, expect, test } from 'vitest'
import { Failure } from '../../daemon/failure.ts'
import { readCommandLine } from '../../daemon/settings/command-line.ts'
import { settings } from '../../shared/settings.ts'

function flagsOf(...args: string[]) {
  const commandLine = readCommandLine(args, '1.2.3')
  if (commandLine.kind !== 'serve') throw new Error('asked to print, not to serve')
  return commandLine.flags
}

function refusalOf(...args: string[]): string {
  try {
    readCommandLine(args, '1.2.3')
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    expect(error.status).toBe(2)
    return error.message
  }
  throw new Error('was accepted')
}

test('leaves out what was not said', () => {
  expect(flagsOf()).toEqual({})
})

test('reads short and long flags alike', () => {
  expect(flagsOf('-p', '0', '-P', '9090', '-l', '127.0.0.2', '-L', '::1', '-u', 'bob:s:e')).toEqual({
    'socks-port': 0,
    'control-port': 9090,
    'socks-addr': ['127.0.0.2'],
    'control-addr': ['::1'],
    user: ['bob:s:e'],
  })
  expect(flagsOf('--socks-port=81', '--open-proxy', '--auth', 'none', '--state-dir', '/x y')).toEqual({
    'socks-port': 81,
    'open-proxy': true,
    auth: 'none',
    'state-dir': '/x y',
  })
})

test('collects repeated flags in their order', () => {
  expect(flagsOf('-l', '::1', '--socks-addr', '127.0.0.1', '-l', '127.0.0.2')['socks-addr']).toEqual([
    '::1',
    '127.0.0.1',
    '127.0.0.2',
  ])
})

test('takes servers for names with and without a port', () => {
  const servers = ['192.0.2.1', '192.0.2.1:5353', '2001:db8::1', '[2001:db8::1]:5353']
  expect(flagsOf(...servers.flatMap((server) => ['--dns', server])).dns).toEqual(servers)
})

test('tells the config file apart from the settings', () => {
  const commandLine = readCommandLine(['--config', 'proxyd.toml', '-p', '1'], '1.2.3')
  expect(commandLine).toEqual({ kind: 'serve', flags: { 'socks-port': 1 }, configFile: 'proxyd.toml' })
})

test('tells what is to be done with a store apart from serving', () => {
  const kindOf = (...args: string[]) => readCommandLine(args, '1.2.3')
  expect(kindOf('--check-store', '--state-dir', '/x')).toMatchObject({ kind: 'check-store', file: undefined })
  expect(kindOf('--check-store', 'a.db')).toMatchObject({ kind: 'check-store', file: 'a.db' })
  expect(kindOf('--recover-store')).toMatchObject({ kind: 'recover-store' })
})

test.each([['-v'], ['--version']])('%s prints the version', (flag) => {
  expect(readCommandLine([flag], '1.2.3')).toEqual({ kind: 'print', text: '1.2.3\n' })
})

test.each([['-h'], ['--help']])('%s lists every setting', (flag) => {
  const commandLine = readCommandLine([flag], '1.2.3')
  const text = commandLine.kind === 'print' ? commandLine.text : ''
  for (const name of Object.keys(settings)) expect(text).toContain(`--${name}`)
  expect(text).toContain('-l, --socks-addr <ADDR>')
  expect(text).toContain('default: 1080')
  expect(text.replace(/\s+/g, ' ')).toMatch(/--timeout-idle <TIME> [^(]*\(default: 1h\)/)
  expect(text.replace(/\s+/g, ' ')).toMatch(/--user <NAME:PASS> [^(]*\(-u at most 10 times\)/)
})

describe('refuses, in one line that says how to mend it,', () => {
  test.each([
    [['--nonsense'], /^there is no flag --nonsense; see proxyd --help$/],
    [['--port', '1'], /^there is no flag --port; perhaps --socks-port, --control-port, .* is meant; see/],
    [['--timeout', '9'], /^there is no flag --timeout; perhaps --timeout-negotiation, .* or --timeout-\S+ is meant;/],
    [['--sock-port', '1'], /--socks-port/],
    [['--check-store', '--recover-store'], /^--check-store and --recover-store exclude each other$/],
    [['extra'], /^'extra' belongs to no flag; .*see proxyd --help$/],
    [['start'], /^proxyd serves once it is started: leave out 'start'; see/],
    [['stop'], /^'stop' is for a proxyd that runs: SIGTERM stops it/],
    [['acces-log', 'x'], /perhaps --access-log is meant/],
    [['-p'], /--socks-port.*argument missing/],
    [['-p', '65536'], /^--socks-port must be a whole number from 0 to 65535$/],
    [['-p', '-1'], /--socks-port/],
    [['-p', '1e3'], /whole number/],
    [['-p', ''], /whole number/],
    [['--engine', 'warp'], /^--engine must be one of auto, linux, portable$/],
    [['-l', 'localhost'], /^--socks-addr needs an IPv4 or IPv6 address, which "localhost" is not$/],
    [['-l', '[::1]'], /^--socks-addr takes an IPv6 address without brackets: ::1$/],
    [['-l', '127.0.0.1', '-l', '1.2.3'], /"1.2.3"/],
    [['-L', '0.0.0.0'], /--control-addr.*TLS.*127\.0\.0\.1/],
    [['-L', '::'], /--control-addr.*TLS/],
    [['--runtime-dir', ''], /--runtime-dir must be/],
    [['--metrics-addr', 'here'], /^--metrics-addr needs \[ADDR:\]PORT, with IPv6 in brackets, which "here" is not$/],
    [['--metrics-addr', '9464', '--metrics-addr', '::1:9464'], /^--metrics-addr needs .*"::1:9464" is not$/],
    [['--metrics-addr', 'localhost:1'], /^--metrics-addr needs/],
    [['--metrics-addr', '[127.0.0.1]:1'], /^--metrics-addr needs/],
    [['--metrics-addr', '70000'], /^--metrics-addr needs/],
    [['--metrics-users', 'all'], /^--metrics-users must be one of off, listed, top$/],
    [['--forward', '80'], /^--forward needs \[ADDR:\]PORT=HOST:PORT, which "80" is not$/],
    [['--forward', '80=example.org'], /^--forward needs/],
    [['--forward', '0.0.0.0=a:1'], /^--forward needs/],
    [['--forward', '80=::1:80'], /^--forward needs/],
    [['--forward', 'localhost:80=a:1'], /^--forward needs/],
    [['--forward', '[127.0.0.1]:80=a:1'], /^--forward needs/],
    [['--forward', '70000=a:1'], /^--forward needs/],
    [['--forward', '80=a:0'], /^--forward needs/],
    [['--forward', `80=${'a'.repeat(256)}:1`], /^--forward needs/],
    [['--udp-advertise', 'example.org'], /^--udp-advertise needs an IPv4 or IPv6 address/],
    [
      ['--udp-advertise', '0.0.0.0'],
      /^--udp-advertise needs an address that others can send to, which "0.0.0.0" is not$/,
    ],
    [['--udp-advertise', '::'], /^--udp-advertise needs an address that others/],
    [['--udp-advertise', 'fe80::1%lo'], /^--udp-advertise needs an address that others/],
    [
      ['--udp-advertise', '192.0.2.1', '--udp-advertise', '192.0.2.2'],
      /^--udp-advertise takes one address of each family$/,
    ],
    [['--dns', 'localhost'], /^--dns needs ADDR or ADDR:PORT, .* which "localhost" is not$/],
    [['--dns', '127.0.0.1:0'], /^--dns needs/],
    [['--dns', '127.0.0.1:65536'], /^--dns needs/],
    [['--dns', '[127.0.0.1]:53'], /^--dns needs/],
  ])('%j', (args, message) => {
    const refusal = refusalOf(...args)
    expect(refusal).toMatch(message)
    expect(refusal).not.toContain('\n')
  })

  test('more users than the list may hold', () => {
    const users = Array.from({ length: 11 }, (_, n) => ['-u', `user${n}:pass`]).flat()
    expect(refusalOf(...users)).toMatch(/^--user takes at most 10 values, not 11$/)
  })
})
