import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { expect, it, onTestFinished } from 'vitest'
import { longestTest } from '../helpers/patience.ts'
import { run } from '../helpers/programs.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'
import { canHaveMachine, makeTree } from './debian-machine.ts'

/** What the Containerfile says, an instruction each; one that goes on in the next line is one. */
const instructions = readFileSync('shared/packaging/Containerfile', 'utf8')
  .replaceAll(/^#.*\n/gm, '')
  .replaceAll(/ *\\\n */g, ' ')
  .split('\n')
  .map((line) => /^([A-Z]+) (.*)$/.exec(line))
  .flatMap((found) => (found ? [{ name: found[1] ?? '', text: found[2] ?? '' }] : []))
const isBase = ({ name }: { readonly name: string }) => name === 'FROM'
const lastBase = instructions.findLastIndex(isBase)

/** The words of the last instruction of this name, written as a list. */
function listOf(name: string): string[] {
  const text = instructions.findLast((one) => one.name === name)?.text ?? ''
  return JSON.parse(text.slice(text.indexOf('[')))
}

/** Root in a folder, which nobody may write to but where volumes are; network and processes are its own. */
const readOnly = `
ip link set lo up
mount --bind "$0" "$0"
mount -t proc proc "$0/proc"
for volume in var/lib/proxyd run/proxyd; do mount --bind "$0/$volume" "$0/$volume"; done
mount -o remount,bind,ro "$0"
# This shell is the first process, with which all others end; one that has become another user is not ended with unshare.
chroot --userspec=proxyd:proxyd "$0" "$@" &
wait`

it.runIf(canHaveMachine)(
  'the steps of the Containerfile make what serves, alone and on a read-only root',
  async () => {
    const done = async (program: string, ...args: readonly string[]) => {
      const { status, stdout, stderr } = await run(program, args, { longest: 6 * longestTest })
      expect(status, `${program} ${args.join(' ')}\n${stdout}\n${stderr}`).toBe(0)
    }
    // Of the project it takes what it names and nothing else; what npm and make would fetch is here already.
    const [folder, staged, root] = [await temporaryFolder(), await temporaryFolder(), await temporaryFolder()]
    for (const { name, text } of instructions.slice(0, lastBase)) {
      const [places, to = ''] = [text.split(' ').slice(0, -1), text.split(' ').at(-1)]
      if (name === 'COPY')
        for (const place of places) cpSync(place, join(folder, to, to === './' ? place : ''), { recursive: true })
    }
    for (const fetched of ['node_modules', '.node']) await done('cp', '-a', fetched, folder)
    await done('touch', join(folder, 'node_modules/.package-lock.json'))
    const steps = instructions.slice(0, lastBase).flatMap(({ name, text }) => (name === 'RUN' ? text : []))
    for (const step of steps.filter((text) => !text.startsWith('apt-get')))
      await done('sh', '-c', `cd "$0" && ${step.replace('DESTDIR=/staged', `DESTDIR=${staged}`)}`, folder)

    await done('tar', '-xf', await makeTree(), '-C', root)
    for (const { name, text } of instructions.slice(lastBase)) {
      const [, from = '', to = ''] = /^--from=build \/staged(\S+) (\S+)$/.exec(text) ?? []
      if (name === 'COPY') cpSync(join(staged, from), join(root, to), { recursive: true })
      // libstdc++6 is there: apt itself wants it.
      else if (name === 'RUN') await done('chroot', root, 'sh', '-ec', text.replace(/^apt-get.*?lists\/\* &&/, ''))
    }
    mkdirSync(join(root, 'proc'), { recursive: true })
    const path = `PATH=${/^PATH=(.*)/.exec(instructions.find(({ name }) => name === 'ENV')?.text ?? '')?.[1]}`
    const isolated = ['--net', '--mount', '--pid', '--fork', '--kill-child', 'sh', '-ec', readOnly, root]
    const daemon = spawn('setpriv', [
      '--pdeathsig',
      'KILL',
      'unshare',
      ...isolated,
      'env',
      path,
      ...listOf('ENTRYPOINT'),
    ])
    const ended = once(daemon, 'exit')
    onTestFinished(async () => {
      daemon.kill('SIGKILL')
      await ended
    })
    let stderr = ''
    daemon.stderr.on('data', (text) => (stderr += text))
    const lines: string[] = []
    for await (const line of createInterface({ input: daemon.stdout })) {
      lines.push(line)
      if (line === 'ready') break
    }
    expect(lines, stderr).toContain('listening socks 127.0.0.1:1080')
    await done('chroot', '--userspec=proxyd:proxyd', root, 'env', path, ...listOf('HEALTHCHECK'))
  },
  8 * longestTest,
)
