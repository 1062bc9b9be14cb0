import fc from 'fast-check'

/** What a peer sends: bytes, and the places at which the stream of them is cut into pieces. */
export interface Input {
  readonly said: Uint8Array
  readonly cuts: readonly number[]
  /** Whether the proxy wants a login. */
  readonly passwordRequired: boolean
}

interface Mutation {
  readonly kind: 'set' | 'flip' | 'insert' | 'drop' | 'repeat' | 'end'
  readonly at: number
  readonly octet: number
}

const mutation: fc.Arbitrary<Mutation> = fc.record({
  kind: fc.constantFrom('set', 'flip', 'insert', 'drop', 'repeat', 'end'),
  at: fc.nat(1000),
  octet: fc.oneof(fc.constantFrom(0, 1, 2, 3, 4, 5, 0x7f, 0x80, 0xff), fc.nat(255)),
})

function mutate(bytes: readonly number[], { kind, at, octet }: Mutation): number[] {
  const place = bytes.length === 0 ? 0 : at % bytes.length
  const piece = bytes.slice(place, place + 1 + (octet % 8))
  switch (kind) {
    case 'set':
      return bytes.with(place, octet)
    case 'flip':
      return bytes.with(place, (bytes[place] ?? 0) ^ (1 << (octet % 8)))
    case 'insert':
      return bytes.toSpliced(place, 0, octet)
    case 'drop':
      return bytes.toSpliced(place, piece.length)
    case 'repeat':
      return bytes.toSpliced(place, 0, ...piece)
    case 'end':
      return bytes.slice(0, place)
  }
}

/** Mostly what is valid with a few mistakes in it, sometimes noise, cut anywhere. */
export function inputs(valid: fc.Arbitrary<Uint8Array>): fc.Arbitrary<Input> {
  const mutated = fc
    .tuple(valid, fc.array(mutation, { maxLength: 4 }))
    .map(([bytes, mutations]) =>
      Uint8Array.from(mutations.reduce((all, each) => (all.length > 0 ? mutate(all, each) : all), [...bytes])),
    )
  return fc.record({
    said: fc.oneof({ arbitrary: mutated, weight: 9 }, { arbitrary: fc.uint8Array({ maxLength: 600 }), weight: 1 }),
    cuts: fc.array(fc.nat(700), { maxLength: 30 }),
    passwordRequired: fc.boolean(),
  })
}

/** The bytes in the pieces that the cuts make, perhaps empty ones. */
export function pieces({ said, cuts }: Input): Uint8Array[] {
  const ends = [...cuts.filter((place) => place < said.length), said.length].sort((a, b) => a - b)
  return ends.map((end, i) => said.subarray(ends[i - 1] ?? 0, end))
}
