import { expect, it } from 'vitest'
import { startDaemon, temporaryFolders } from '../helpers/daemon.ts'
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
