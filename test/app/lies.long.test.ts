import { test } from 'vitest'
import { implausible, plausible } from './lies.ts'
import { walkThrough } from './walk-lies.ts'

test.each([
  ['holds', plausible],
  ['does not hold', implausible],
])('the app goes on though it is told what %s to the types of the protocol', async (_, lies) => {
  await walkThrough(lies)
})
