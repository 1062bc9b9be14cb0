import { spawnSync } from 'node:child_process'
import { readlinkSync } from 'node:fs'
import { basename } from 'node:path'
import { version } from '../../shared/version.ts'
import { family } from './process-cost.ts'
import { type Server, start } from './servers.ts'

/** Which version of what each server is: figures of a peer say nothing without it. */

/** Milliseconds for a program to say its version: one that does not know the flag may take it for a wish to serve. */
const patience = 2000

/** Starts the server to see which program it is. Rejects if it does not listen. */
export async function versionOf(server: Server): Promise<string> {
  if (server.engine) return `${server.name} ${version}`
  const running = await start(server, false)
  try {
    // What it was started by may be a shell that has a child serve.
    const program = readlinkSync(`/proc/${family(running.pid).at(-1)}/exe`)
    const name = basename(program)
    const said = `${name} ${saidBy(program) ?? packagedAs(program) ?? 'of an unknown version'}`
    return name === server.name ? said : `${server.name} (${said})`
  } finally {
    await running.stop()
  }
}

/** danted and hev-socks5-server answer `--version`, and call it a fault. */
function saidBy(program: string): string | undefined {
  const { stdout, stderr } = spawnSync(program, ['--version'], { encoding: 'utf8', timeout: patience, input: '' })
  return versionIn(`${stdout}\n${stderr}`, basename(program))
}

/** What a program says of its version: `v1.4.2`, `Version: 2.8.0`, or its own name and that; other numbers may be addresses. */
export function versionIn(text: string, program: string): string | undefined {
  const before = `\\bversion:?\\s+v?|\\bv|\\b${program.replace(/\W/g, '\\$&')}[ /-]v?`
  return new RegExp(`(?:${before})(\\d+(?:\\.\\d+)+[\\w-]*)`, 'i').exec(text)?.[1]
}

/** microsocks tells nobody, but Debian's package does that it comes in. */
function packagedAs(program: string): string | undefined {
  const ask = (...args: string[]) => spawnSync('dpkg-query', args, { encoding: 'utf8' }).stdout ?? ''
  const [owner] = ask('-S', program).split(': ')
  return owner ? ask('-W', owner).trim().split('\t')[1] : undefined
}
