import fc from 'fast-check'
import { expect } from 'vitest'
import { RpcError } from '../../shared/protocol/errors.ts'
import { LineFramer } from '../../shared/protocol/framer.ts'
import { fuzz } from './campaign.ts'
import { type Input, inputs, pieces } from './input.ts'

const limit = 100

/** Everything that comes of these chunks, lines and errors; a line that is too long is the end of it. */
function frame(chunks: readonly Uint8Array[]): string[] {
  const framer = new LineFramer(limit)
  const outcome: string[] = []
  for (const chunk of chunks) {
    const passing = Uint8Array.from(chunk)
    framer.feed(passing)
    for (;;) {
      try {
        const line = framer.next()
        if (line === undefined) break
        outcome.push(`line ${line}`)
      } catch (error) {
        if (!(error instanceof RpcError)) throw error
        outcome.push(error.kind)
        if (error.kind === 'too_large') return outcome
      }
    }
    passing.fill(0xee)
  }
  return outcome
}

const lines = fc
  .array(fc.oneof(fc.json({ maxDepth: 1 }), fc.string({ unit: 'binary', maxLength: 60 })), { maxLength: 8 })
  .map((texts) => Uint8Array.from(Buffer.from(texts.join('\r\n'))))

fuzz({
  name: 'framer',
  inputs: inputs(lines),
  runs: 2000,
  async start() {
    return (input: Input) => {
      const whole = frame([input.said])
      expect(frame(pieces(input))).toEqual(whole)
      for (const line of whole) {
        expect(line).not.toMatch(/^line $|\n/)
        expect(Buffer.byteLength(line)).toBeLessThanOrEqual('line '.length + limit)
      }
    }
  },
})
