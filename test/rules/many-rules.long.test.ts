import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { compileAside } from '../../daemon/rules/compile-text.ts'
import { noRules, replaceText } from '../../daemon/rules/rule-text.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'

it('of many rules that are alike each keeps its number, in no time', async () => {
  const alike = await replaceText(noRules, 'deny port 1\n'.repeat(80_000))
  const ids = Array.from({ length: 80_000 }, (_, i) => 16 + i)
  expect(alike.ids).toEqual(ids)
  const fewer = await replaceText(alike, 'deny port 1\n'.repeat(79_999))
  expect(fewer.ids).toEqual(ids.slice(0, -1))
})

it('a list counts for each rule that names it, and all together are bounded', async () => {
  const folder = await temporaryFolder()
  await writeFile(join(folder, 'list'), 'any\n'.repeat(500_000), { mode: 0o600 })
  const options = { text: 'deny to @list\n'.repeat(9), ids: [1, 2, 3, 4, 5, 6, 7, 8, 9], folder }
  await expect(compileAside(options)).rejects.toThrow('more than 4000000 destinations, lists included')
})
