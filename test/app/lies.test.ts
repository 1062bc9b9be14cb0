import { test } from 'vitest'
import { plausible } from './lies.ts'
import { walkThrough } from './walk-lies.ts'

const telling = ['the greatest numbers', 'texts that command the terminal', 'rows told often']

test('whatever a daemon tells, the app goes on, shows none of it for something else, and then what is true', async () => {
  await walkThrough(Object.fromEntries(Object.entries(plausible).filter(([name]) => telling.includes(name))))
})
