import { expect } from 'vitest'
import { introduce } from '../socks/introduce.ts'
import { fuzz } from './campaign.ts'
import { introductions } from './conversations.ts'
import { inputs, pieces } from './input.ts'

/** Signature, length and so on, two IPv6 addresses and ports, and TLVs. */
const longest = 16 + 36 + 4096

fuzz({
  name: 'proxy header',
  inputs: inputs(introductions),
  runs: 5000,
  async start() {
    return (input) => {
      const { said } = input
      const whole = introduce([said])
      const split = introduce(pieces(input))
      expect(split.outcome).toBe(whole.outcome)
      // In pieces it may be known before the last of them comes.
      expect(whole.rest.startsWith(split.rest)).toBe(true)
      expect(whole.outcome).toMatch(/^(more|own|malformed|client ([0-9a-f]{8}|[0-9a-f]{32}) \d{1,5})$/)
      if (said.length >= longest) expect(whole.outcome).not.toBe('more')
      if (whole.outcome === 'malformed') return
      const header = said.subarray(0, said.length - whole.rest.length / 2)
      expect(introduce([header]), 'the header alone').toEqual({ outcome: whole.outcome, rest: '' })
      if (whole.outcome !== 'more') expect(introduce([header.subarray(0, -1)]).outcome, 'cut short').toBe('more')
    }
  },
})
