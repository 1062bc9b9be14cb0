import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { eventually } from '../helpers/eventually.ts'
import { longestTest } from '../helpers/patience.ts'
import { findProgram, type Outcome, run } from '../helpers/programs.ts'
import { type AtEnd, temporaryFolder } from '../helpers/temporary-folder.ts'

/**
 * A Debian 12 with systemd as its first process, and no more of the machine below than the kernel: root folder, processes, mounts,
 * network (loopback alone) and control groups are its own, and the kernel ends all of them with its first process.
 */
export interface DebianMachine {
  /** Its root folder, as the machine below sees it. */
  readonly root: string
  /** Runs a program of its own there, as root. */
  run(program: string, ...args: readonly string[]): Promise<Outcome>
  /** A command that starts a program of the machine below, given behind it, in its network. */
  readonly inNetwork: readonly string[]
}

/** Where version 2 of control groups is (cgroups(7)), alone or beside version 1. */
const groups = ['/sys/fs/cgroup', '/sys/fs/cgroup/unified'].find((at) => existsSync(join(at, 'cgroup.procs')))

const programs = ['mmdebstrap', 'systemd-nspawn', 'nsenter', 'unshare', 'setpriv'].map((name) => findProgram(name))

/** Whether one can be had here. */
export const canHaveMachine = process.getuid?.() === 0 && groups !== undefined && !programs.includes(undefined)

/** In a namespace of mounts, where the only control groups to be seen are those below the own one. */
const boot = `
umount -R /sys/fs/cgroup
mount -t cgroup2 cgroup2 /sys/fs/cgroup
ip link set lo up
exec systemd-nspawn --quiet --directory="$0" --register=no --keep-unit --console=pipe --resolv-conf=off --timezone=off \
  --link-journal=no --boot systemd.mask=apt-daily.timer systemd.mask=apt-daily-upgrade.timer`

/** Makes the system anew, or takes it from the last time: an archive of the whole tree. */
export async function makeTree(): Promise<string> {
  const folder = 'node_modules/.cache/debian'
  const archive = join(folder, 'bookworm.tar')
  if (existsSync(archive)) return archive
  mkdirSync(folder, { recursive: true })
  const options = ['--format=tar', '--variant=apt', '--include=systemd', '--dpkgopt=force-unsafe-io']
  // A mirror that falls silent is asked again, not waited for.
  const patience = ['--aptopt=Acquire::Retries "5"', '--aptopt=Acquire::http::Timeout "20"']
  const made = `${archive}.${process.pid}`
  const command = ['--mount', 'mmdebstrap', '--quiet', ...options, ...patience, 'bookworm', made]
  const longest = { longest: 3 * longestTest }
  let outcome = await run('unshare', command, longest)
  if (outcome.status !== 0) outcome = await run('unshare', command, longest)
  expect(outcome.status, outcome.stderr).toBe(0)
  renameSync(made, archive)
  return archive
}

/** Starts one; it goes, with all that it has, at the end. */
export async function startMachine(atEnd: AtEnd): Promise<DebianMachine> {
  const archive = await makeTree()
  const root = await temporaryFolder(atEnd)
  expect(await run('tar', ['-xf', archive, '-C', root])).toMatchObject({ status: 0 })
  const group = join(groups ?? '', `proxyd-test-${process.pid}`)
  mkdirSync(group)
  // The kernel keeps a group until the last process in it has been waited for.
  atEnd(() =>
    eventually(async () => {
      await run('find', [group, '-depth', '-type', 'd', '-exec', 'rmdir', '{}', '+'])
      expect(existsSync(group)).toBe(false)
    }),
  )
  const own = ['--cgroup', '--mount', '--pid', '--net', '--uts', '--ipc', '--mount-proc', '--fork', '--kill-child']
  const first = spawn(
    'setpriv',
    [
      ...['--pdeathsig', 'KILL', 'sh', '-c', 'echo $$ >"$0/cgroup.procs" && exec "$@"', group],
      ...['unshare', ...own, 'sh', '-ec', boot, root],
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  )
  let stderr = ''
  first.stderr.setEncoding('utf8').on('data', (text) => (stderr += text))
  const ended = once(first, 'close')
  atEnd(async () => {
    first.kill('SIGKILL')
    await ended
  })
  const childOf = (pid: number | string) =>
    readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').split(' ')[0] ?? ''
  const leader = await eventually(() => {
    const pid = childOf(childOf(first.pid ?? 0))
    expect(readFileSync(`/proc/${pid}/comm`, 'latin1'), stderr).toBe('systemd\n')
    return pid
  })
  const inside = ['-t', leader, '--mount', '--pid', '--net', '--uts', '--ipc', '--cgroup', '--root', '--wd']
  const env = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C.UTF-8', DEBIAN_FRONTEND: 'noninteractive' }
  const machine: DebianMachine = {
    root,
    run: (...command) => run('nsenter', [...inside, ...command], { env, longest: 3 * longestTest }),
    inNetwork: ['nsenter', '-t', leader, '--net'],
  }
  await eventually(async () => {
    const { stdout } = await machine.run('systemctl', 'is-system-running', '--wait')
    expect(stdout, stderr).toMatch(/^(running|degraded)$/m)
  })
  return machine
}
