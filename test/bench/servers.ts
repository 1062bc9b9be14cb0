import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { daemonFlags } from '../../shared/program-head.ts'
import { freePort } from '../helpers/free-port.ts'
import { findProgram } from '../helpers/programs.ts'
import { own, ownFolder, removeFolder, signal } from './belongings.ts'
import { family } from './process-cost.ts'

/** The SOCKS servers that are measured. */

/** For a shell: each held connection takes two descriptors. Node raises its own limit, others do not. */
const raiseLimit = 'ulimit -n $(ulimit -H -n)'

export const credentials = { username: 'bench', password: 'a long enough password' }

export interface Server {
  readonly name: string
  /** Whether it can be asked to check a password; some peers need the machine's own users for that. */
  readonly passwords: boolean
  /** Undefined for peers. */
  readonly engine?: 'linux' | 'portable'
  /** Start it on this port of 127.0.0.1. */
  command(port: number, folder: string, password: boolean): string[]
}

export interface Running {
  readonly pid: number
  readonly port: number
  /** For what it writes. */
  readonly folder: string
  stop(): Promise<void>
}

const program = fileURLToPath(new URL('../../dist/proxyd.js', import.meta.url))

/** proxyd's Linux engine with this many loops, and other flags. */
export function proxyd(loops: number, ...flags: string[]): Server {
  return ours('proxyd', 'linux', '--workers', `${loops}`, ...flags)
}

/** proxyd's portable engine, which has no loops, with these flags. */
function portable(...flags: string[]): Server {
  return ours('proxyd portable', 'portable', ...flags)
}

/** The same engine of proxyd's, with one loop, with these flags as well. */
export function withFlags(server: Server | undefined, ...flags: string[]): Server {
  return server?.engine === 'portable' ? portable(...flags) : proxyd(1, ...flags)
}

function ours(name: string, engine: 'linux' | 'portable', ...flags: string[]): Server {
  return {
    name,
    passwords: true,
    engine,
    command: (port, folder, password) => [
      process.execPath,
      ...[...daemonFlags, program, '-l', '127.0.0.1', '-p', `${port}`, '-L', '127.0.0.1', '-P', '0'],
      ...['--state-dir', join(folder, 'state'), '--runtime-dir', join(folder, 'run')],
      ...['--log-level', 'error', '--engine', engine, ...flags],
      ...(password ? ['-u', `${credentials.username}:${credentials.password}`] : []),
    ],
  }
}

function microsocks(program: string): Server {
  const login = ['-u', credentials.username, '-P', credentials.password]
  return {
    name: 'microsocks',
    passwords: true,
    command: (port, _, password) => [program, '-i', '127.0.0.1', '-p', `${port}`, ...(password ? login : [])],
  }
}

function danted(program: string): Server {
  return {
    name: 'danted',
    passwords: false,
    command(port, folder) {
      const file = join(folder, 'danted.conf')
      const lines = [
        'logoutput: /dev/null',
        `internal: 127.0.0.1 port = ${port}`,
        'external: lo',
        'clientmethod: none',
        'socksmethod: none',
        'client pass { from: 0/0 to: 0/0 }',
        'socks pass { from: 0/0 to: 0/0 }',
      ]
      writeFileSync(file, `${lines.join('\n')}\n`)
      return [program, '-f', file, '-N', '1']
    },
  }
}

/** A peer given as `NAME=COMMAND`, a line for the shell with `{port}` where its port goes, and `{folder}` for its files. */
export function givenServer(text: string): Server {
  const at = text.indexOf('=')
  const line = text.slice(at + 1)
  if (at < 1 || !line.includes('{port}'))
    throw new Error(`--peer wants NAME=COMMAND with {port} in it, not ${JSON.stringify(text)}`)
  return {
    name: text.slice(0, at),
    passwords: false,
    command: (port, folder) => ['sh', '-c', line.replaceAll('{port}', `${port}`).replaceAll('{folder}', folder)],
  }
}

/** proxyd's engines, and the peers found on this machine. */
export function knownServers(): Server[] {
  const servers = [proxyd(1), portable()]
  const microsocksProgram = findProgram('microsocks')
  const dantedProgram = findProgram('danted', 'sockd')
  if (microsocksProgram) servers.push(microsocks(microsocksProgram))
  if (dantedProgram) servers.push(danted(dantedProgram))
  return servers
}

/** Start a server and wait until it listens. `prefix` is put before its command, to run it under another program. */
export async function start(server: Server, password: boolean, prefix: readonly string[] = []): Promise<Running> {
  const folder = ownFolder()
  const port = await freePort()
  const [program = '', ...args] = [...prefix, ...server.command(port, folder, password)]
  const child = own(spawn('sh', ['-c', `${raiseLimit}; exec "$0" "$@"`, program, ...args], { stdio: 'ignore' }))
  await listening(child, port, server.name)
  return {
    pid: child.pid ?? 0,
    port,
    folder,
    async stop() {
      if (child.exitCode === null && child.signalCode === null) {
        const ended = once(child, 'exit')
        // Under strace the server is its child, and strace ends when that does.
        const pids = family(child.pid ?? 0).toReversed()
        signal(pids, 'SIGTERM')
        const late = setTimeout(() => signal(pids, 'SIGKILL'), 5000)
        await ended
        clearTimeout(late)
        // strace may go first, and let its child live.
        signal(pids, 'SIGKILL')
      }
      removeFolder(folder)
    },
  }
}

async function listening(child: ChildProcess, port: number, name: string): Promise<void> {
  for (const end = Date.now() + 20_000; Date.now() < end && child.exitCode === null; ) {
    const socket = connect(port, '127.0.0.1')
    const up = await Promise.race([
      once(socket, 'connect').then(() => true),
      once(socket, 'error').then(() => false),
    ]).catch(() => false)
    socket.destroy()
    if (up) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error(`${name} does not listen on port ${port}`)
}
