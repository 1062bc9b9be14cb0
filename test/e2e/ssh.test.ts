import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { startDaemon } from '../helpers/daemon.ts'
import { eventually } from '../helpers/eventually.ts'
import { freePort } from '../helpers/free-port.ts'
import { mostTelling } from '../helpers/most-telling.ts'
import { connectPeer } from '../helpers/peer.ts'
import { findProgram, run } from '../helpers/programs.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'

const netcat = findProgram('nc.openbsd')
const ssh = findProgram('ssh')
const keygen = findProgram('ssh-keygen')
const sshd = findServer()

/** sshd is wherever root finds it, and takes nobody in without this folder. */
function findServer(): string | undefined {
  const path = '/usr/sbin/sshd'
  if (existsSync(path) && existsSync('/run/sshd')) return path
  console.warn(`SKIPPED: tests that need ${path} and the folder /run/sshd, which this machine lacks`)
  return undefined
}

interface Server {
  readonly port: number
  /** The file of the key that it lets in. */
  readonly key: string
}

/** An sshd of the test's own, for whoever runs the test. */
async function startServer(): Promise<Server> {
  const folder = await temporaryFolder()
  const [hostKey, key, config] = ['host', 'user', 'config'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ]
  for (const file of [hostKey, key]) await run(keygen ?? '', ['-q', '-t', 'ed25519', '-N', '', '-f', file])
  const port = await freePort()
  const settings = [
    `ListenAddress 127.0.0.1:${port}`,
    `HostKey ${hostKey}`,
    `AuthorizedKeysFile ${key}.pub`,
    'UsePAM no',
    'StrictModes no',
    'PidFile none',
  ]
  await writeFile(config, settings.join('\n'))
  const server = spawn(sshd ?? '', ['-D', '-e', '-f', config], { stdio: 'ignore' })
  const ended = new Promise((resolve) => server.once('close', resolve))
  onTestFinished(async () => {
    server.kill('SIGKILL')
    await ended
  })
  await eventually(async () => (await connectPeer('127.0.0.1', port)).finish())
  return { port, key }
}

test.skipIf(!netcat || !ssh || !keygen || !sshd).each(mostTelling)(
  'ssh, through a netcat that goes through the %s engine',
  async (engine) => {
    const [daemon, { port, key }] = await Promise.all([startDaemon(['--engine', engine]), startServer()])
    const options = [
      'BatchMode=yes',
      'IdentitiesOnly=yes',
      'StrictHostKeyChecking=no',
      'UserKnownHostsFile=/dev/null',
      `ProxyCommand=${netcat} -X 5 -x 127.0.0.1:${daemon.port('socks')} %h %p`,
    ].flatMap((option) => ['-o', option])
    const remote = [`${userInfo().username}@localhost`, 'tr a-z A-Z; echo done >&2; exit 7']
    const input = 'question\n'.repeat(100_000)
    const outcome = await run(ssh ?? '', ['-F', 'none', '-q', '-i', key, '-p', `${port}`, ...options, ...remote], {
      input,
    })
    expect({ ...outcome, stdout: outcome.stdout.length }).toEqual({ status: 7, stdout: input.length, stderr: 'done\n' })
    expect(outcome.stdout === input.toUpperCase()).toBe(true)
  },
)
