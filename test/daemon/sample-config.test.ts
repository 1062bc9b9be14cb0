import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readConfigFile } from '../../daemon/settings/config-file.ts'
import { sampleConfig } from '../../daemon/settings/sample-config.ts'
import { type SettingShape, settings } from '../../shared/settings.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'

async function read(text: string) {
  const file = join(await temporaryFolder(), 'proxyd.toml')
  writeFileSync(file, text, { mode: 0o600 })
  return readConfigFile(file)
}

test('the sample sets nothing, and uncommented all as it is by default', async () => {
  expect(await read(sampleConfig())).toEqual({})
  const uncommented = await read(sampleConfig().replaceAll(/^#(?=\S)/gm, ''))
  const expected = Object.entries(settings).map(([name, shape]: [string, SettingShape]) => {
    return [name, shape.default === '' ? shape.placeholder : shape.default]
  })
  expect(uncommented).toEqual(Object.fromEntries(expected))
})

test('each setting has a line of help before it', () => {
  const [, ...parts] = sampleConfig().split('\n\n')
  expect(parts).toHaveLength(Object.keys(settings).length)
  for (const part of parts) expect(part).toMatch(/^# \S.*\n#[a-z-]+ = .+\n?$/)
})
