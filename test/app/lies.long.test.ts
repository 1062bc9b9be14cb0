import { test } from 'vitest'
import { implausible, plausible } from './lies.ts'
import { walkThrough } from './walk-lies.ts'

test.each(Object.entries({ ...plausible, ...implausible }))(
  'the app goes on though it is told %s',
  async (name, lie) => {
    await walkThrough({ [name]: lie })
  },
)
