import { execFileSync } from 'node:child_process'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { startDaemon } from '../helpers/daemon.ts'
import { exec } from '../helpers/proxy-tui.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'

test('reload tells that nothing has come out of a config file that is a pipe, before the operator has given up', async () => {
  const file = join(await temporaryFolder(), 'proxyd.toml')
  writeFileSync(file, 'timeout-idle = "1h"\n', { mode: 0o600 })
  const daemon = await startDaemon(['--config', file])
  rmSync(file)
  execFileSync('mkfifo', ['-m', '600', file])
  const { status, stderr } = await exec(daemon, 'reload')
  expect(status).toBe(1)
  expect(stderr).toMatch(/the settings stay as they were: .* is no plain file, and nothing has come out of it for 3 s/)
})
