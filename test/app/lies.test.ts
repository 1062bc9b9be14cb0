import { test } from 'vitest'
import { much } from './lies.ts'
import { walkThrough } from './walk-lies.ts'

test('whatever a daemon tells, the app goes on, shows none of it for something else, and then what is true', async () => {
  await walkThrough({ much })
})
