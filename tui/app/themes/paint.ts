import type { Style } from './theme.ts'

/** In the order of their codes. */
const names = ['black', 'red', 'green', 'yellow', 'blue', 'magenta', 'cyan', 'white']

/** `text` in a style, with the codes that a terminal takes for it (ECMA-48, SGR) and for the end of all styles. */
export function paint(text: string, style: Style): string {
  const { color, backgroundColor, bold, dimColor, underline, inverse, strikethrough } = style
  const codes = [
    bold && '1',
    dimColor && '2',
    underline && '4',
    inverse && '7',
    strikethrough && '9',
    color && colourCode(color, 30),
    backgroundColor && colourCode(backgroundColor, 40),
  ].filter(Boolean)
  return codes.length === 0 ? text : `${codes.map((code) => `\u001b[${code}m`).join('')}${text}\u001b[0m`
}

/** `#rrggbb`, `ansi256(n)` or a name, as Ink understands them; `first`: the code for black text, or for a black background. */
export function colourCode(colour: string, first: 30 | 40): string {
  if (colour.startsWith('#')) {
    const channels = [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16))
    return `${first + 8};2;${channels.join(';')}`
  }
  const index = /^ansi256\((\d+)\)$/.exec(colour)?.[1]
  if (index !== undefined) return `${first + 8};5;${index}`
  const name = colour.replace('Bright', '')
  return String(first + names.indexOf(name) + (name === colour ? 0 : 60))
}
