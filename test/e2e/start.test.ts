import { once } from 'node:events'
import { chmodSync, cpSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { connectThrough } from '../helpers/connect-through.ts'
import { type Ending, spawnDaemon, startDaemon } from '../helpers/daemon.ts'
import { mostTelling, mostTellingOf } from '../helpers/most-telling.ts'
import { operate } from '../helpers/operate.ts'
import { canMount } from '../helpers/own-files.ts'
import { findProgram, run } from '../helpers/programs.ts'
import { program as proxyTui } from '../helpers/proxy-tui.ts'
import { startTarget } from '../helpers/target.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'

const proxyd = fileURLToPath(new URL('../../dist/proxyd.js', import.meta.url))
const prlimit = findProgram('prlimit')
const strace = findProgram('strace')

/** How proxyd ends that cannot start with `args`. */
async function failure(...args: string[]): Promise<Ending> {
  const daemon = await spawnDaemon(args)
  return daemon.ended
}

function expectOneLine(ending: Ending, status: number, line: RegExp) {
  expect(ending).toMatchObject({ status, signal: null, stdout: '' })
  expect(ending.stderr).toMatch(/^proxyd: [^\n]+\n$/)
  expect(ending.stderr).toMatch(line)
}

test('stdout names each socket, then says ready, and nothing else', async () => {
  const daemon = await startDaemon()
  const [, socks, control, folder] =
    /^listening socks 127\.0\.0\.1:(\d+)\nlistening socks \[::1\]:\1\nlistening control 127\.0\.0\.1:(\d+)\nlistening control \[::1\]:\2\nlistening control unix:(\/.+)\/proxyd\.sock\nready\n$/.exec(
      daemon.stdout,
    ) ?? []
  expect([socks, control, folder]).not.toContain(undefined)
  const { stdout } = await daemon.stop()
  expect(stdout).toBe(daemon.stdout)
})

test('the addresses asked for are served, in their order', async () => {
  const daemon = await startDaemon(['-l', '::1', '-l', '127.0.0.2', '-L', '127.0.0.3'])
  const port = daemon.port('socks')
  expect(daemon.listening('socks')).toEqual([`[::1]:${port}`, `127.0.0.2:${port}`])
  expect(daemon.listening('control')[0]).toMatch(/^127\.0\.0\.3:/)
})

test('the config file counts where no flag speaks', async () => {
  const folder = await temporaryFolder()
  const config = join(folder, 'proxyd.toml')
  writeFileSync(config, 'socks-addr = ["127.0.0.2"]\ncontrol-addr = ["127.0.0.2"]\n')
  const daemon = await startDaemon(['--config', config, '-L', '::1'])
  expect(daemon.listening('socks')[0]).toMatch(/^127\.0\.0\.2:/)
  expect(daemon.listening('control')[0]).toMatch(/^\[::1\]:/)
})

test.skipIf(!strace)('a state folder without hard links is refused with status 1 and the mend', async () => {
  const tamper = ['-f', '-qq', '-o', '/dev/null', '-e', 'inject=link,linkat:error=EPERM', '-e', 'trace=link,linkat']
  const daemon = await spawnDaemon([], { within: [strace ?? '', ...tamper] })
  expectOneLine(await daemon.ended, 1, /file system has no hard links.*--state-dir/)
})

test('a state folder that others can write to is refused with status 1 and the mend', async () => {
  const state = await temporaryFolder()
  chmodSync(state, 0o777)
  const daemon = await spawnDaemon([], { folders: { state, runtime: join(state, 'run') } })
  expectOneLine(await daemon.ended, 1, /others can write to .*chmod go-w .*--state-dir/)
})

describe('a mistake in the call ends with status 2 and one line:', () => {
  const mistakes: [string[], RegExp][] = [
    [['--nonsense'], /there is no flag --nonsense/],
    [['-l', '0.0.0.0'], /0\.0\.0\.0 without a password.*--open-proxy/],
    [['-l', '::', '--auth', 'none', '-u', 'bob:hunter2'], /--open-proxy/],
    [['-u', 'bob'], /NAME:PASS/],
    [['-u', 'bob:hunter2', '-u', 'bob:hunter2'], /--user "bob" is given twice/],
    [['--config', '/nowhere/proxyd.toml'], /\/nowhere\/proxyd\.toml: there is no folder \/nowhere: make it first/],
    [['--config', ''], /--config must be a text that is not empty/],
    [['-u', 'bo\nb:hunter2'], /control characters/],
  ]
  test.each(mostTellingOf(mistakes))('%j', async (args, line) => {
    const ending = await failure(...args)
    expectOneLine(ending, 2, line)
    expect(ending.stderr).not.toContain('hunter2')
  })
})

describe('what the machine refuses ends with status 1 and one line:', () => {
  test.each([
    ['-l', '-p', 'socks'],
    ['-L', '-P', 'control'],
  ])('a port that is taken, with %s and %s', async (address, port) => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const taken = (server.address() as AddressInfo).port
    try {
      const ending = await failure(address, '127.0.0.1', port, `${taken}`)
      expectOneLine(ending, 1, new RegExp(`port ${taken} on 127\\.0\\.0\\.1 is taken: .*${port}`))
    } finally {
      server.close()
    }
  })

  test('another proxyd on the same port', async () => {
    const daemon = await startDaemon()
    const port = daemon.port('socks')
    expectOneLine(await failure('-p', `${port}`), 1, new RegExp(`port ${port} on 127\\.0\\.0\\.1 is taken`))
  })

  test('an interface that this machine lacks', async () => {
    expectOneLine(await failure('-l', 'fe80::1%nope', '-u', 'bob:hunter2'), 1, /no such address on an interface nope/)
  })

  test('an address that this machine lacks', async () => {
    const line = /no address 192\.0\.2\.1/
    expectOneLine(await failure('-l', '192.0.2.1', '-u', 'bob:hunter2'), 1, line)
  })

  test.runIf(prlimit !== undefined).each(mostTellingOf([64, 28, 22]))('%i descriptors', async (limit) => {
    const daemon = await spawnDaemon([], {
      within: [prlimit ?? '', `--nofile=${limit}:${limit}`],
      // With few descriptors, Node complains that it cannot read such a file.
      env: { NODE_EXTRA_CA_CERTS: '' },
    })
    expectOneLine(await daemon.ended, 1, /descriptors.*: raise the limit, as by ulimit -n/)
  })

  test.each(['--state-dir', '--runtime-dir'])('a folder that cannot be made, with %s', async (flag) => {
    const file = join(await temporaryFolder(), 'file')
    writeFileSync(file, '')
    expectOneLine(await failure(flag, join(file, 'folder')), 1, new RegExp(`${file}.*${flag}`))
  })
})

test.each(mostTellingOf(['-l', '-L']))('an interface that means nothing is a mistake: %s ::1%%nope', async (flag) => {
  expectOneLine(await failure(flag, '::1%nope'), 2, /with a link-local address .* only: write ::1 for "::1%nope"/)
})

test.each([
  ['proxyd', proxyd],
  ['proxy-tui', proxyTui],
])('an older Node is refused in one line that says which one is needed: %s', async (name, program) => {
  // What the program sees of the Node that runs it.
  const versions = `{ value: { ...process.versions, node: '20.20.2' } }`
  const older = `data:text/javascript,Object.defineProperty(process, 'versions', ${versions})`
  const { status, stdout, stderr } = await run(process.execPath, ['--import', older, program, '--version'])
  expect([status, stdout]).toEqual([1, ''])
  expect(stderr).toMatch(
    new RegExp(`^${name}: Node 24 or newer is needed, and /.* is 20\\.20\\.2: get one [^\\n]+\\n$`),
  )
})

test('SIGHUP does not end a daemon that is only about to start', async () => {
  const folder = await temporaryFolder()
  const hangUp = join(folder, 'hang-up.mjs')
  // At once after the program's first line, before anything that it imports is there.
  writeFileSync(
    hangUp,
    `import { registerHooks } from 'node:module'
    registerHooks({ resolve(specifier, context, next) {
      if (specifier.endsWith('proxyd-start.js')) process.kill(process.pid, 'SIGHUP')
      return next(specifier, context)
    } })`,
  )
  const daemon = await startDaemon([], { env: { NODE_OPTIONS: `--import=${hangUp}` } })
  expect((await daemon.stop()).status).toBe(0)
})

test('--open-proxy serves other machines without a password, and says so', async () => {
  const daemon = await startDaemon(['-l', '0.0.0.0', '--open-proxy'])
  await daemon.logs(/"warn".*anyone who reaches 0\.0\.0\.0 port \d+ may use this proxy/)
  expect(daemon.listening('socks')[0]).toMatch(/^0\.0\.0\.0:/)
})

test('other machines may be served once there is a user', async () => {
  const daemon = await startDaemon(['-l', '0.0.0.0', '-u', 'bob:hunter2'])
  expect(daemon.listening('socks')[0]).toMatch(/^0\.0\.0\.0:/)
  expect((await daemon.stop()).stderr).not.toMatch(/hunter2|anyone/)
})

test.runIf(canMount).each(mostTelling)('where /proc is not mounted, the %s engine serves', async (engine) => {
  const within = ['unshare', '-m', 'sh', '-c', 'mount -t tmpfs -o ro tmpfs /proc && exec "$@"', 'sh']
  const daemon = await startDaemon(['--engine', engine], { within })
  await connectThrough(daemon.port('socks'), await startTarget())
  expect((await (await operate(daemon)).call('status.get')).result.health).toMatchObject({ memory: 0 })
})

test('where koffi is missing, auto serves with the portable engine and says so; linux refuses', async () => {
  const folder = await temporaryFolder()
  const dist = fileURLToPath(new URL('../../dist', import.meta.url))
  const threads = ['thread-start', 'worker', 'store-thread', 'compile-thread', 'log-thread'].map(
    (name) => `${name}.cjs`,
  )
  for (const file of ['proxyd.js', 'proxyd-start.js', 'proxyd-main.cjs', ...threads])
    cpSync(join(dist, file), join(folder, 'dist', file))
  writeFileSync(join(folder, 'package.json'), '{ "type": "module", "version": "0.0.0" }')
  const program = join(folder, 'dist/proxyd.js')

  const daemon = await startDaemon([], { program })
  await daemon.logs(/"warn".*koffi.*\n.*portable engine/)
  await connectThrough(daemon.port('socks'), await startTarget())

  const refused = await spawnDaemon(['--engine', 'linux'], { program })
  expectOneLine(await refused.ended, 1, /linux engine cannot load .*koffi.*: npm install koffi.*--engine portable/)
})
