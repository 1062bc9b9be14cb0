import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { temporaryFolder } from '../helpers/temporary-folder.ts'

const analyze = (...args: string[]) => spawnSync('systemd-analyze', args, { encoding: 'utf8' })

/** The unit as `make install` writes it, for programs that any machine has. */
async function writeUnit(): Promise<string> {
  const folder = join(await temporaryFolder(), 'my apps')
  mkdirSync(folder)
  for (const program of ['proxyd', 'proxy-tui']) writeFileSync(join(folder, program), '#!/bin/sh\n', { mode: 0o755 })
  const text = readFileSync(new URL('../../shared/packaging/systemd/proxyd.service', import.meta.url), 'utf8')
  const file = join(folder, 'proxyd.service')
  writeFileSync(file, text.replaceAll('@bin@', folder).replaceAll('@etc@', folder))
  return file
}

test.runIf(analyze('--version').status === 0)('the unit is sound, and shuts proxyd in', async () => {
  const file = await writeUnit()
  expect(analyze('verify', '--man=no', file)).toMatchObject({ status: 0, stdout: '', stderr: '' })
  // It is refused above 2.0 of 10.
  expect(analyze('security', '--offline=true', '--threshold=20', file)).toMatchObject({ status: 0 })
  writeFileSync(file, readFileSync(file, 'utf8').replace('ProtectSystem=strict', 'ProtectSytem=strict'))
  expect(analyze('verify', '--man=no', file).stderr).toContain('ProtectSytem')
})
