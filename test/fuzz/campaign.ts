import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { longestWait } from '../helpers/patience.ts'
import type { Input } from './input.ts'

/** What is fuzzed, and what must hold for any input. */
export interface Subject {
  readonly name: string
  readonly inputs: fc.Arbitrary<Input>
  /** Inputs tried when nobody has asked for a longer search. */
  readonly runs: number
  /** Called once, in a test; what it resolves to rejects, or throws, if something does not hold for an input. */
  start(): Promise<(input: Input) => Promise<void> | void>
}

/** What has once broken something, if only a mutant of the code; kept as a file, to be tried each time. */
interface Vector {
  readonly subject: string
  readonly said: string
  readonly cuts: readonly number[]
  readonly passwordRequired: boolean
}

const folder = fileURLToPath(new URL('vectors/', import.meta.url))

/** How long to search, instead of a fixed number of inputs; `make fuzz` sets it. */
const seconds = Number(process.env.FUZZ_SECONDS ?? 0)

/** The tests of a subject: what has been found before, then a search with chance, with the seed in its failure. */
export function fuzz(subject: Subject): void {
  const known = vectorsOf(subject)
  if (known.length > 0)
    it(`${subject.name}: what was found before stays mended`, async () => {
      const check = await subject.start()
      for (const { said, ...rest } of known) await check({ said: Buffer.from(said, 'hex'), ...rest })
    })

  it(`${subject.name}: whatever comes`, { timeout: 1000 * seconds + 3 * longestWait }, async () => {
    const check = await subject.start()
    const property = fc.asyncProperty(subject.inputs, async (input) => check(input))
    const limits = seconds > 0 ? { numRuns: 1e9, interruptAfterTimeLimit: 1000 * seconds } : { numRuns: subject.runs }
    const search = await fc.check(property, { ...limits, timeout: longestWait })
    if (seconds > 0) console.log(`${subject.name}: ${search.numRuns} inputs, seed ${search.seed}`)
    const found = search.counterexample?.[0]
    if (search.failed && found) {
      const file = seconds > 0 ? ` (kept as ${keep(subject, found)})` : ''
      throw new Error(`${fc.defaultReportMessage(search)}${file}`)
    }
    expect(search.numRuns).toBeGreaterThan(0)
  })
}

function vectorsOf({ name }: Subject): Vector[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith('.json'))
    .map((file) => JSON.parse(readFileSync(join(folder, file), 'utf8')) as Vector)
    .filter(({ subject }) => subject === name)
}

/** Writes the input down, under a name of its own; gives the file. */
function keep({ name }: Subject, { said, cuts, passwordRequired }: Input): string {
  const vector: Vector = { subject: name, said: Buffer.from(said).toString('hex'), cuts, passwordRequired }
  const text = `${JSON.stringify(vector, undefined, 2)}\n`
  const file = join(
    folder,
    `${name.replaceAll(' ', '-')}-${createHash('sha256').update(text).digest('hex').slice(0, 8)}.json`,
  )
  writeFileSync(file, text)
  return file
}
