import { mkdirSync, writeFileSync } from 'node:fs'
import { watch } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { unixSocketName } from '../../shared/protocol/limits.ts'
import { connected, type RawClient } from '../control/raw-client.ts'
import { spawnDaemon, startDaemon, temporaryFolders } from '../helpers/daemon.ts'
import { operate, set } from '../helpers/operate.ts'
import { exec } from '../helpers/proxy-tui.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'

test('SIGHUP and reload take what the config file says now, tell it, and keep what was set', async () => {
  const file = join(await temporaryFolder(), 'proxyd.toml')
  const write = (text: string) => writeFileSync(file, text, { mode: 0o600 })
  write('timeout-idle = "1h"\ntimeout-connect = "9s"\nmax-connections = 100\n')
  const daemon = await startDaemon(['--config', file, '--max-connections', '50'])
  const operator = await operate(daemon)
  const valuesOf = async (...names: string[]) => {
    const { settings } = (await operator.call('config.get')).result
    return names.map((name) => settings.find((setting: { name: string }) => setting.name === name).value)
  }
  await set(operator, { 'timeout-connect': 8000 })

  write('timeout-idle = "10m"\ntimeout-connect = "7s"\nmax-connections = 99\nbacklog = 7\nuser = ["eve:a long word"]\n')
  daemon.signal('SIGHUP')
  await daemon.logs(/timeout-idle changes from 3600000 to 600000"/)
  await daemon.logs(/backlog changes from 4096 to 7 from the next restart or upgrade on"/)
  await daemon.logs(/user is another one from the next restart or upgrade on"/)
  expect(daemon.stderr).not.toContain('a long word')
  const names = ['timeout-idle', 'timeout-connect', 'max-connections', 'backlog'] as const
  expect(await valuesOf(...names)).toEqual([600_000, 8000, 50, 4096])

  write('timeout-idle = "5m"\nbacklog = 8\n')
  const { stdout } = await exec(daemon, 'reload')
  expect(stdout.split('\n').map((line) => line.trim().split(/ {2,}/))).toEqual([
    ['timeout-idle', '10m -> 5m', 'from now on'],
    ['backlog', '4096 -> 8', 'from the next restart or upgrade on'],
    [''],
  ])
  // What was set is forgotten, and the file has come to count meanwhile.
  write('timeout-idle = "5m"\ntimeout-connect = "6s"\n')
  expect((await exec(daemon, 'reload')).stdout).toBe('read again; no setting has changed\n')
  await set(operator, { 'timeout-connect': null })
  expect(await valuesOf('timeout-connect')).toEqual([6000])

  // All mistakes are told, and what is sound beside them does not count.
  write('timeout-idle = "1m"\nbacklog = "many"\ntimeout-idel = 1\n')
  const failed = await exec(daemon, 'reload')
  expect(failed).toMatchObject({ status: 1, stdout: '' })
  expect(failed.stderr).toMatch(/the settings stay as they were: .*: backlog must be .*; unknown key "timeout-idel"/)
  // Nor does proxyd take in what it would not start with.
  write('socks-addr = ["0.0.0.0"]\ntimeout-idle = "1m"\n')
  expect((await exec(daemon, 'reload')).stderr).toMatch(/SOCKS on 0\.0\.0\.0 without a password serves anyone/)
  expect(await valuesOf('timeout-idle')).toEqual([300_000])
  const { error } = await operator.call('config.set', { revision: 1, patch: { 'timeout-udp': 900 } })
  expect(error?.data.kind).toBe('conflict')
})

test('what is asked for in the first moment, also by a signal, is done as soon as all is there', async () => {
  const folders = await temporaryFolders()
  mkdirSync(folders.runtime, { mode: 0o700 })
  const files = watch(folders.runtime)
  const daemon = await spawnDaemon([], { folders })
  for await (const { filename } of files) if (filename === unixSocketName) break
  daemon.signal('SIGHUP')
  // It does not listen yet at the moment when it has its name.
  const enter = (): Promise<RawClient> => connected({ path: join(folders.runtime, unixSocketName) }).catch(enter)
  const operator = await enter()
  operator.request('session.start', { protocol: [1, 0], client: 'test' })
  expect((await operator.call('daemon.reload')).result).toEqual({ changed: [], warnings: [], problems: [] })
  await daemon.logs(/"SIGHUP: what lies in files is read again/)
})
