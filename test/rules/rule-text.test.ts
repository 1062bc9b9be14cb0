import { expect, it } from 'vitest'
import { noRules, replaceText } from '../../daemon/rules/rule-text.ts'

it('leaves the main thread to others while a long text is read, and is what it would be otherwise', async () => {
  const lines = Array.from({ length: 9_000 }, (_, i) => `deny to host${i}.example port 80,443 # no. ${i}`)
  let turns = 0
  let isReading = true
  const turn = () => {
    turns++
    if (isReading) setImmediate(turn)
  }
  setImmediate(turn)
  const first = await replaceText(noRules, lines.join('\n'))
  const second = await replaceText(first, lines.toReversed().join('\n'))
  isReading = false
  expect(turns).toBeGreaterThan(4)
  expect(second.ids).toEqual(first.ids.toReversed())
  expect(second.rules.map(({ line }) => line)).toEqual(lines.map((_, i) => i + 1))
  await expect(replaceText(first, `${lines.join('\n')}\ndeny too`)).rejects.toMatchObject({ line: 9_001, column: 6 })
})
