import { expect, it } from 'vitest'
import { BannedSources } from '../../daemon/engine/shared/banned-sources.ts'
import { KnownSources } from '../../daemon/engine/shared/known-sources.ts'
import { hashOf } from '../../daemon/engine/shared/source-hash.ts'
import { SourceLines } from '../../daemon/engine/shared/source-lines.ts'

/** Of 16,384 in a table. */
const placeOf = (seed: number, second: number) => hashOf(seed, 64, 0x20010db8, second) & 16_383

it('spreads sources that all want one place by another seed', () => {
  const chosen: number[] = []
  for (let second = 0; chosen.length < 400; second++) if (placeOf(1, second) === 5) chosen.push(second)
  for (const seed of [0, 2, 3, 0x7fffffff]) {
    const places = new Set(chosen.map((second) => placeOf(seed, second)))
    expect(places.size).toBeGreaterThan(350)
  }
})

it.each([BannedSources, KnownSources, SourceLines])('has a seed of its own in each memory of $name', (table) => {
  const seeds = [table.memory(), table.memory()].map((memory) => new Int32Array(memory, 0, 4))
  expect(seeds[0]).not.toEqual(seeds[1])
})
