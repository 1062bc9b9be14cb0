import { describe } from 'vitest'
import { associating } from '../helpers/associating.ts'
import { engines } from '../helpers/engine.ts'
import { fuzzAssociations } from './live-association.ts'
import { fuzzSessions } from './live-session.ts'

const engine = engines.find(({ kind }) => kind === 'linux')

describe.skipIf(!engine)('linux engine', () => {
  if (!engine) return
  fuzzSessions(engine.start)
  if (associating.includes(engine.kind)) fuzzAssociations(engine.start)
})
