import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'

/**
 * Writes the caches of both programs (`compileProgram`), called from the root once they are bundled: a daemon is started and stopped,
 * for all that it and its threads do until then is called at every start, and another one is asked who one is, by TCP and by its Unix socket. They are for the Node that runs this;
 * any other has no use for them.
 */

const folder = mkdtempSync(join(tmpdir(), 'proxyd-warm-'))
const env = { PATH: process.env.PATH, HOME: folder, XDG_CONFIG_HOME: folder }
/** A program that neither starts nor ends would keep the build from ending. */
const patience = { signal: AbortSignal.timeout(60_000), killSignal: 'SIGKILL' } as const
const warm = join(import.meta.dirname, 'warm.ts')

function start(...given: readonly string[]) {
  const child = spawn(process.execPath, given, { env, stdio: ['ignore', 'pipe', 'inherit'], ...patience })
  return { child, ended: once(child, 'exit') }
}

/** Starts a daemon, has `work` done with the port where it serves management, and stops it. */
async function withDaemon(program: readonly string[], work: (port: string) => Promise<unknown>): Promise<void> {
  const folders = ['--state-dir', join(folder, 'state'), '--runtime-dir', join(folder, 'run')]
  const places = ['-l', '127.0.0.1', '-p', '0', '-L', '127.0.0.1', '-P', '0', '--log-level', 'error']
  const { child, ended } = start(...program, ...folders, ...places)
  let port = ''
  for await (const line of createInterface(child.stdout)) {
    port ||= /^listening control 127\.0\.0\.1:(\d+)$/.exec(line)?.[1] ?? ''
    if (line === 'ready') break
  }
  await work(port)
  child.kill()
  await ended
}

const [daemon, commands] = [resolve('dist/proxyd-main.cjs'), resolve('dist/proxy-tui-commands.cjs')]
for (const program of [daemon, commands]) rmSync(`${program}.cache`, { force: true })
try {
  await withDaemon([warm, daemon], async () => {})
  await withDaemon(['dist/proxyd.js'], async (port) => {
    const asked = ['--runtime-dir', join(folder, 'run'), '--exec', 'whoami']
    for (const place of [['--port', port], []]) await start(warm, commands, ...place, ...asked).ended
  })
} finally {
  rmSync(folder, { recursive: true })
}
