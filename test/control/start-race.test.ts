import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { lstatSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline/promises'
import { expect, it, onTestFinished } from 'vitest'
import { unixSocketName } from '../../shared/protocol/limits.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'
import { connected } from './raw-client.ts'

/** A process that starts a management server when it is told to, and says how that went. */
const starter = `
  import { FakeBackend } from ${JSON.stringify(new URL('./fake-backend.ts', import.meta.url).href)}
  import { startControlServer } from ${JSON.stringify(new URL('../../daemon/control/server.ts', import.meta.url).href)}
  const log = { info() {}, warn() {}, error() {} }
  console.log('loaded')
  process.stdin.once('data', async (name) => {
    const options = { listen: [], runtimeDirectory: process.argv[1], backend: new FakeBackend(), log, audited: log }
    try {
      await startControlServer({ ...options, instance: String(name).trim() })
      console.log('serves')
    } catch (error) {
      console.log(error.message)
    }
  })`

interface Starter {
  readonly process: ChildProcess
  readonly lines: AsyncIterator<string>
}

async function newStarter(runtimeDirectory: string): Promise<Starter> {
  const child = spawn(process.execPath, ['--input-type=module', '--eval', starter, runtimeDirectory], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  onTestFinished(() => killed(child))
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]()
  expect((await lines.next()).value).toBe('loaded')
  return { process: child, lines }
}

it('lets one of the daemons that start at once have the folder, also over the socket of one that crashed', async () => {
  const runtimeDirectory = await temporaryFolder()
  const path = join(runtimeDirectory, unixSocketName)
  for (const _ of ['a new folder', 'a crashed daemon']) {
    const starters = await Promise.all(Array.from({ length: 4 }, () => newStarter(runtimeDirectory)))
    for (const [index, { process }] of starters.entries()) process.stdin?.write(`${index}\n`)
    const said = await Promise.all(starters.map(async ({ lines }) => String((await lines.next()).value)))
    expect(said.filter((line) => line !== 'serves')).toEqual(
      Array(3).fill(`a proxyd runs already with ${runtimeDirectory}: end it, or give this one another --runtime-dir`),
    )
    const client = await connected({ path })
    expect((await client.next())?.params.instance).toBe(String(said.indexOf('serves')))
    await Promise.all(starters.map(({ process }) => killed(process)))
    expect(lstatSync(path).isSocket()).toBe(true)
  }
})

async function killed(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exit = once(child, 'exit')
  child.kill('SIGKILL')
  await exit
}
