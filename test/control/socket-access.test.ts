import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, chownSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { expect, it, onTestFinished } from 'vitest'
import type { SocketAccess } from '../../daemon/control/doors/unix-socket.ts'
import { entered } from './raw-client.ts'
import { type Control, startControl } from './start-control.ts'

const isRoot = process.geteuid?.() === 0
const ownGroup = process.getegid?.() ?? -1

/** The Unix socket for this group, as operators. */
function groupSocket(group: string): { readonly socket: SocketAccess } {
  return { socket: { mode: '0660', group, role: 'operator' } }
}

function accessOf(path: string): { mode: string; group: number } {
  const { mode, gid } = lstatSync(path)
  return { mode: (mode & 0o777).toString(8), group: gid }
}

/** The most open mask there is, until the test ends. */
function openMask(): void {
  const before = process.umask(0)
  onTestFinished(() => void process.umask(before))
}

it('lets the group through the folder to the socket, and not to the cookie', async () => {
  openMask()
  const control = await startControl(groupSocket(''))
  expect(accessOf(control.runtimeDirectory)).toEqual({ mode: '710', group: ownGroup })
  expect(accessOf(control.server.unixPath)).toEqual({ mode: '660', group: ownGroup })
  expect(accessOf(control.cookieFile).mode).toBe('600')
  expect(readdirSync(control.runtimeDirectory).sort()).toEqual(['cookie', 'lock', 'proxyd.sock'])
  expect((await (await entered(control)).call('session.whoami')).result.role).toBe('operator')
})

it('keeps the socket to this user by default, whatever the mask', async () => {
  openMask()
  const control = await startControl()
  expect(accessOf(control.runtimeDirectory).mode).toBe('700')
  expect(accessOf(control.server.unixPath).mode).toBe('600')
})

it.runIf(isRoot)('is open to members of the group, and to nobody else', async () => {
  const control = await inReach(groupSocket('4242'))
  expect(await opens(control, 4242)).toBe('hello')
  expect(await opens(control, 4343)).toBe('EACCES')
})

it.runIf(isRoot)('finds a group by its name', async () => {
  const { server } = await inReach(groupSocket('nogroup'))
  expect(accessOf(server.unixPath)).toEqual({ mode: '660', group: expect.any(Number) })
  expect(accessOf(server.unixPath).group).toBeGreaterThan(0)
})

it.runIf(isRoot)('refuses a group that it may not give the folder to', async () => {
  process.seteuid?.(65534)
  onTestFinished(() => void process.seteuid?.(0))
  const runtimeDirectory = join(reachableFolder(), 'run')
  await expect(startControl({ runtimeDirectory, ...groupSocket('4242') })).rejects.toThrow(
    /cannot give .* to group 4242: proxyd's user must be in it/,
  )
})

it('refuses a group that is not there, as a mistake', async () => {
  const refusal = startControl(groupSocket('no such group'))
  await expect(refusal).rejects.toThrow(/no group "no such group".*control-socket-group/)
  await expect(refusal).rejects.toMatchObject({ status: 2 })
})

it('refuses a group for a socket that only this user may open', async () => {
  const refusal = startControl({ socket: { mode: '0600', group: String(ownGroup), role: 'admin' } })
  await expect(refusal).rejects.toThrow(/control-socket-mode 0660/)
  await expect(refusal).rejects.toMatchObject({ status: 2 })
})

it.each([0o700, 0o711, 0o750, 0o770])('changes nothing about a folder of mode %o that was there', async (mode) => {
  const runtimeDirectory = join(reachableFolder(), 'run')
  mkdirSync(runtimeDirectory)
  chmodSync(runtimeDirectory, mode)
  await expect(startControl({ runtimeDirectory, ...groupSocket('') })).rejects.toThrow(
    `chgrp ${ownGroup} ${runtimeDirectory} && chmod 710 ${runtimeDirectory}`,
  )
  expect(accessOf(runtimeDirectory).mode).toBe(mode.toString(8))
  chmodSync(runtimeDirectory, 0o710)
  await entered(await startControl({ runtimeDirectory, ...groupSocket('') }))
})

it.runIf(isRoot)('refuses a folder of another group', async () => {
  const runtimeDirectory = join(reachableFolder(), 'run')
  mkdirSync(runtimeDirectory)
  chmodSync(runtimeDirectory, 0o710)
  chownSync(runtimeDirectory, -1, 4343)
  await expect(startControl({ runtimeDirectory, ...groupSocket('4242') })).rejects.toThrow(/not open to group 4242/)
})

it('refuses a folder that others could put another one in the place of', async () => {
  const open = join(reachableFolder(), 'open')
  mkdirSync(open)
  for (const mode of [0o777, 0o770]) {
    chmodSync(open, mode)
    const runtimeDirectory = join(open, 'run')
    await expect(startControl({ runtimeDirectory })).rejects.toThrow(
      `the runtime folder ${runtimeDirectory} can be replaced by others: chmod go-w ${open}, or`,
    )
  }
  chmodSync(open, 0o1777)
  await entered(await startControl({ runtimeDirectory: join(open, 'run') }))
})

/** A folder that every user can enter. */
function reachableFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'proxyd-test-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  chmodSync(folder, 0o755)
  return folder
}

/** A management server that its socket and folder alone keep other users from. */
function inReach(options: { readonly socket: SocketAccess }): Promise<Control> {
  return startControl({ runtimeDirectory: join(reachableFolder(), 'run'), ...options })
}

/** What another user who is in `gid` gets at the socket: the first word from the daemon, or the errno name. */
async function opens({ server }: Control, gid: number): Promise<string> {
  const script = `
    process.setgroups([]); process.setgid(${gid}); process.setuid(65534)
    const socket = require('node:net').connect(${JSON.stringify(server.unixPath)})
    socket.on('error', ({ code }) => process.stdout.write(code))
    socket.once('data', (line) => { process.stdout.write(JSON.parse(line).method); socket.destroy() })`
  const child = spawn(process.execPath, ['--eval', script], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [said] = await Promise.all([text(child.stdout), once(child, 'close')])
  return said
}
