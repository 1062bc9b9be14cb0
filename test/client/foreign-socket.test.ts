import { once } from 'node:events'
import { chmodSync, chownSync, lchownSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { expect, it, onTestFinished, vi } from 'vitest'
import { connect } from '../../tui/client/connect.ts'
import { targetsAt } from '../../tui/options/passwords.ts'
import { readProfile } from '../../tui/options/profile.ts'
import { longestWait } from '../helpers/patience.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'

const itAsRoot = it.runIf(process.geteuid?.() === 0)
const [me, eve] = [4242, 4343]

/** A socket in a folder of its own, as somebody would plant it; `heard` is whether a client came. */
async function plant(parent: string, { folderOf = eve, socketOf = eve, mode = 0o755 } = {}) {
  const folder = join(parent, 'run')
  const path = join(folder, 'proxyd.sock')
  const state = { path, folder, heard: false }
  mkdirSync(folder)
  const server = createServer((socket) => {
    state.heard = true
    socket.destroy()
  })
  await once(server.listen(path), 'listening')
  onTestFinished(() => void server.close())
  chmodSync(path, 0o666)
  chmodSync(folder, mode)
  chownSync(path, socketOf, socketOf)
  chownSync(folder, folderOf, folderOf)
  return state
}

/** From now on files are judged as if this process were that user's. */
function actAs(uid: number): void {
  const geteuid = vi.spyOn(process as Required<typeof process>, 'geteuid').mockReturnValue(uid)
  onTestFinished(() => geteuid.mockRestore())
}

function refusal(path: string) {
  return connect({ kind: 'unix', path }, { timeoutMs: longestWait }).catch((error: unknown) => error)
}

/** As /tmp is: anybody may make a folder there. */
async function worldWritable(): Promise<string> {
  const folder = await temporaryFolder()
  chmodSync(folder, 0o1777)
  return folder
}

itAsRoot('does not talk to a socket in a folder that another user was first to make', async () => {
  const planted = await plant(await worldWritable())
  actAs(me)
  expect(await refusal(planted.path)).toMatchObject({
    code: 'socket_untrusted',
    kind: 'login',
    message: `cannot trust the socket ${planted.path}: ${planted.folder} belongs to another user`,
  })
  expect(planted.heard).toBe(false)
})

itAsRoot.each([
  ['whose folder others can write into', { folderOf: me, socketOf: me, mode: 0o777 }, /others can write into/],
  ['whose folder its group can write into', { folderOf: me, socketOf: me, mode: 0o775 }, /others can write into/],
  ['of another user in a folder of our own', { folderOf: me }, /it belongs to another user/],
])('does not talk to a socket %s', async (_, owners, message) => {
  const { path } = await plant(await worldWritable(), owners)
  actAs(me)
  expect(await refusal(path)).toMatchObject({ code: 'socket_untrusted', message: expect.stringMatching(message) })
})

itAsRoot('follows no link of another user, be it the folder or the socket', async () => {
  const { folder, path } = await plant(await worldWritable(), { folderOf: me, socketOf: me })
  const elsewhere = await worldWritable()
  symlinkSync(folder, join(elsewhere, 'folder'))
  symlinkSync(path, join(elsewhere, 'socket'))
  for (const link of ['folder', 'socket']) lchownSync(join(elsewhere, link), eve, eve)
  actAs(me)
  for (const link of ['folder/proxyd.sock', 'socket']) {
    const message = expect.stringContaining('a symbolic link of another user')
    expect(await refusal(join(elsewhere, link))).toMatchObject({ code: 'socket_untrusted', message })
  }
})

itAsRoot.each([
  ['of our own', { folderOf: me, socketOf: me }],
  ["of root's", { folderOf: 0, socketOf: 0 }],
])('talks to a socket %s', async (_, owners) => {
  const planted = await plant(await worldWritable(), owners)
  actAs(me)
  expect(await refusal(planted.path)).toMatchObject({ code: 'lost' })
  expect(planted.heard).toBe(true)
})

itAsRoot("talks to the socket of a daemon's user whose folder root alone can have put there", async () => {
  const parent = `/run/proxyd-test-${process.pid}`
  mkdirSync(parent)
  onTestFinished(() => rmSync(parent, { recursive: true }))
  const planted = await plant(parent)
  actAs(me)
  expect(await refusal(planted.path)).toMatchObject({ code: 'lost' })
  expect(planted.heard).toBe(true)
})

itAsRoot('takes neither profiles nor a password from a file that is not ours', async () => {
  const folder = await temporaryFolder()
  const [profiles, password] = [join(folder, 'profiles'), join(folder, 'password')]
  for (const file of [profiles, password]) {
    writeFileSync(file, 'hunter2', { mode: 0o600 })
    chownSync(file, eve, eve)
  }
  const [target] = targetsAt(
    [{ kind: 'tcp', host: 'h', port: 1, operator: 'a', passwordFile: password }],
    async () => '',
  )
  actAs(me)
  await expect(readProfile({ file: profiles, name: undefined, env: {} })).rejects.toThrow('belongs to another user')
  if (!target || !('operator' in target) || typeof target.password === 'string') throw new Error('asks for nothing')
  await expect(target.password()).rejects.toThrow('belongs to another user')
})

it.each([0o620, 0o602, 0o666])('takes no profiles from a file of mode %o', async (mode) => {
  const file = join(await temporaryFolder(), 'profiles')
  writeFileSync(file, '[default]\nport = 1\n')
  chmodSync(file, mode)
  const wish = { file, name: undefined, env: {} }
  await expect(readProfile(wish)).rejects.toThrow(`others can write it; chmod go-w ${file}`)
})
