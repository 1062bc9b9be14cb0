import { expect, it } from 'vitest'
import { compileAside } from '../../daemon/rules/compile-text.ts'
import { limitDescriptors } from '../helpers/descriptor-limit.ts'

it.runIf(process.platform === 'linux')(
  'long rules are compiled though there is no descriptor for a thread',
  async () => {
    const text = `deny to 192.0.2.1 # ${'x'.repeat(150)}\n`.repeat(200)
    const giveBack = limitDescriptors(process.pid, 3)
    const compiled = compileAside({ text, ids: Array.from({ length: 200 }, (_, i) => i + 1), folder: '/' })
    try {
      expect((await compiled).byteLength).toBeGreaterThan(0)
    } finally {
      giveBack()
    }
  },
)
