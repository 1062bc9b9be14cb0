import { expect, it } from 'vitest'
import { greeted, logIn, type RawClient, started } from '../control/raw-client.ts'
import { startDaemon, temporaryFolders } from '../helpers/daemon.ts'
import { operate } from '../helpers/operate.ts'
import { exec } from '../helpers/proxy-tui.ts'

it('tells after a restart who changed what, and who is logged in', async () => {
  const folders = await temporaryFolders()
  const first = await startDaemon([], { folders })
  expect(await exec(first, 'adduser bob; users set bob quota=50GB')).toMatchObject({ status: 0 })
  expect(await exec(first, 'deluser nobody')).toMatchObject({ status: 1 })
  await first.stop()

  const second = await startDaemon([], { folders })
  const { stdout } = await exec(second, 'audit --since 1h --by local')
  const lines = stdout.trimEnd().split('\n')
  expect(lines.map((line) => line.split(/\s{2,}/).slice(1))).toEqual([
    ['BY', 'FROM', 'WHAT', 'OUTCOME'],
    ['local', 'unix', 'users.add name=bob: enabled - → true', 'ok'],
    ['local', 'unix', 'users.set names=["bob"] fields={"quota":"50GB"}: quota - → 50000000000', 'ok'],
    ['local', 'unix', 'users.remove name=nobody', 'not_found'],
  ])
  const { stdout: few } = await exec(second, 'audit action:users.set --last 5; audit !outcome:ok bob')
  expect(await exec(second, 'audit no:such')).toMatchObject({ status: 2 })
  expect(few.match(/users\.\w+/g)).toEqual(['users.set'])
  const { stdout: sessions } = await exec(second, 'sessions')
  expect(sessions).toMatch(/^ID +NAME +ROLE +FROM +SINCE +FOLLOWS\n +1? *\d+ +local \(this one\) +admin +unix /)
})

it('says what it wants where it does not understand', async () => {
  const daemon = await startDaemon()
  const outcome = await exec(daemon, 'audit --since soon')
  expect(outcome).toMatchObject({ status: 2, stdout: '' })
  expect(outcome.stderr).toContain('TIME is how long ago, such as 2h or 30d, or a date')
})

it('is for admins in the log, too: others read there what the daemon does, not what operators did', async () => {
  const daemon = await startDaemon()
  const admin = await operate(daemon)
  const password = 'a long password'
  await admin.call('operators.add', { name: 'ann', role: 'operator', password })
  const [at = ''] = daemon.listening('control')
  const ann = await greeted({ port: Number(/:(\d+)$/.exec(at)?.[1]) })
  await started(ann)
  expect((await logIn(ann, password, 'ann')).result.role).toBe('operator')
  const [watcher, lowered] = [await operate(daemon), await operate(daemon)]
  for (const client of [watcher, lowered, ann]) await client.call('log.subscribe')
  await lowered.call('session.drop', { role: 'operator' })
  await admin.call('users.add', { name: 'bob', password })
  await admin.call('daemon.reload')

  const told = /users\.add name="bob"/
  expect(await heardUntil(watcher, /what lies in files is read again/)).toMatch(told)
  for (const client of [lowered, ann]) {
    expect(await heardUntil(client, /what lies in files is read again/)).not.toMatch(/bob|ann/)
    const messages = await history(client)
    expect(messages).toContainEqual(expect.stringMatching(/what lies in files is read again/))
    expect(messages.join('\n')).not.toMatch(/bob|ann|management login/)
  }
  const all = (await history(admin)).join('\n')
  expect(all).toMatch(told)
  expect(all).toMatch(/^management login of ann from 127\.0\.0\.1$/m)
})

async function history(client: RawClient): Promise<string[]> {
  const { entries } = (await client.call('log.subscribe', { level: 'debug', history: 1000 })).result
  return entries.map(({ message }: { readonly message: string }) => message)
}

/** What is pushed of the log until there is such a line, as one text. */
async function heardUntil(client: RawClient, last: RegExp): Promise<string> {
  const heard: string[] = []
  while (!heard.some((message) => last.test(message))) {
    const line = await client.next()
    if (line === undefined) throw new Error('the connection ended')
    if (line.method === 'log.entries') for (const { message } of line.params.entries) heard.push(message)
  }
  return heard.join('\n')
}
