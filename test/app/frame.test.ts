import { fileURLToPath } from 'node:url'
import { array, assert, constantFrom, integer, property, record, tuple } from 'fast-check'
import { expect, it } from 'vitest'
import { frameBeside } from '../../tui/app/terminal/frame.ts'

type OutputClass = Parameters<typeof frameBeside>[0]

// Ink exports it to nobody.
const file = fileURLToPath(new URL('../../node_modules/ink/build/output.js', import.meta.url))
const Ink: OutputClass = (await import(file)).default

interface Write {
  readonly x: number
  readonly y: number
  readonly text: string
  readonly transformers?: ((line: string, at: number) => string)[]
}

const area = { width: 30, height: 4 }

function draw(Output: OutputClass, writes: readonly Write[]): string {
  const output = new Output(area)
  for (const { x, y, text, transformers = [] } of writes) output.write(x, y, text, { transformers })
  return output.get().output
}

/** What a terminal shows of a frame: Ink writes the same cells in the same way, however they came to be. */
function seen(frame: string): string {
  return draw(
    Ink,
    frame.split('\n').map((text, y) => ({ x: 0, y, text })),
  )
}

function expectSame(writes: readonly Write[]): void {
  expect(seen(draw(frameBeside(Ink), writes))).toBe(seen(draw(Ink, writes)))
}

const red = (text: string) => `\u001b[38;2;200;10;10m${text}\u001b[39m`
const bold = (text: string) => `\u001b[1m${text}\u001b[22m`

it.each<[string, Write[]]>([
  [
    'texts below and beside each other',
    [
      { x: 3, y: 0, text: red('a') },
      { x: 0, y: 2, text: 'b' },
      { x: 9, y: 0, text: 'c' },
    ],
  ],
  [
    'a border, which is several lines',
    [
      { x: 0, y: 0, text: '│\n│\n│\n│\n' },
      { x: 1, y: 1, text: 'in' },
      { x: 9, y: 0, text: '│\n│\n│\n│\n' },
    ],
  ],
  ['colours in colours', [{ x: 0, y: 1, text: bold(`a ${red('b')} c`), transformers: [red] }]],
  [
    'spaces at an end, coloured and not',
    [
      { x: 0, y: 0, text: 'a   ' },
      { x: 0, y: 1, text: `\u001b[7ma   \u001b[27m` },
    ],
  ],
  [
    'a text over another',
    [
      { x: 0, y: 0, text: red('abcdefgh') },
      { x: 2, y: 0, text: bold('XY') },
    ],
  ],
  [
    'a text over half of a wide character',
    [
      { x: 0, y: 0, text: '漢字' },
      { x: 1, y: 0, text: 'b' },
    ],
  ],
  [
    'characters of two columns and of none',
    [
      { x: 0, y: 0, text: '漢字' },
      { x: 6, y: 0, text: 'e\u0301' },
      { x: 9, y: 0, text: '👩‍💻' },
      { x: 12, y: 0, text: 'end' },
    ],
  ],
  [
    'what lies outside',
    [
      { x: -2, y: 0, text: 'abcd' },
      { x: 0, y: 9, text: 'far' },
      { x: 0, y: -1, text: 'up\ndown' },
      { x: 28, y: 1, text: 'wide' },
    ],
  ],
])('puts a frame together as Ink does: %s', (_, writes) => expectSame(writes))

it('puts any frame together as Ink does', () => {
  const style = constantFrom(
    (text: string) => text,
    red,
    bold,
    (text: string) => red(`a${bold(text)}b`),
  )
  const text = constantFrom('x', 'two words', '   ', '漢', '…▲⣿', '•\n•', 'e\u0301e', 'é')
  const write = record({
    x: integer({ min: -1, max: 29 }),
    y: integer({ min: -1, max: 4 }),
    styled: tuple(style, text),
  })
  assert(
    property(array(write, { maxLength: 8 }), (writes) =>
      expectSame(writes.map(({ x, y, styled: [style, text] }) => ({ x, y, text, transformers: [style] }))),
    ),
  )
})

it('leaves to Ink only rows that are not plain, and those only when they are new', () => {
  let made = 0
  const Frame = frameBeside(
    class extends Ink {
      constructor(area: ConstructorParameters<OutputClass>[0]) {
        super(area)
        made++
      }
    },
  )
  const plain = [
    { x: 0, y: 0, text: red('proxyd ▲ ⣿⣀ …') },
    { x: 20, y: 0, text: '│' },
    { x: 0, y: 1, text: 'b' },
  ]
  draw(Frame, plain)
  expect(made).toBe(0)
  const wide = { x: 0, y: 2, text: '漢字.example' }
  const [first, again] = [draw(Frame, [...plain, wide]), draw(Frame, [...plain, wide])]
  expect([made, again]).toEqual([1, first])
  // A frame without it forgets it: no more is kept than what was shown last.
  draw(Frame, plain)
  draw(Frame, [wide])
  expect(made).toBe(2)
})
