import stringWidth from 'string-width'

/** Of characters that take one column each, whatever stands beside them: all that the app itself writes. */
const countable = /^[ -~\u00a1-\u00ac\u00ae-\u024f\u2022\u2026\u2190-\u2193\u2500-\u259f\u25b2\u25bc\u2800-\u28ff]*$/
const graphemes = new Intl.Segmenter()

/** Terminal columns that `text` takes. */
export function columnsOf(text: string): number {
  return isCountable(text) ? text.length : stringWidth(text)
}

/** Whether `text` takes as many columns as it has characters, each of them one of its own. */
export function isCountable(text: string): boolean {
  return countable.test(text)
}

/** How much of a text is looked at for so many columns: what hides more characters in them is not worth the time. */
function mostFor(columns: number): number {
  return 16 * Math.max(0, columns) + 16
}

function fits(text: string, width: number): boolean {
  return text.length <= mostFor(width) && columnsOf(text) <= width
}

/** `text` in exactly `width` columns: padded with spaces, or cut with `ellipsis` as its last column. */
export function fitText(text: string, width: number, ellipsis: string, align: 'left' | 'right' = 'left'): string {
  if (width <= 0) return ''
  const shown = fits(text, width) ? text : cut(text, width - 1) + ellipsis
  const padding = ' '.repeat(width - columnsOf(shown))
  return align === 'left' ? shown + padding : padding + shown
}

/** Of a text that is not empty. */
function firstCharacter(text: string): string {
  return graphemes.segment(text.slice(0, mostFor(1))).containing(0)?.segment ?? ''
}

/** The longest beginning of `text` that takes at most `width` columns, no character torn. */
export function cut(text: string, width: number): string {
  const near = text.slice(0, mostFor(width))
  if (isCountable(near)) return near.slice(0, Math.max(0, width))
  let used = 0
  let end = 0
  for (const { segment } of graphemes.segment(near)) {
    used += stringWidth(segment)
    if (used > width) break
    end += segment.length
  }
  return near.slice(0, end)
}

/** The longest end of `text` that takes at most `width` columns, no character torn. */
export function cutStart(text: string, width: number): string {
  const near = text.slice(-mostFor(width))
  let used = 0
  let start = near.length
  for (const { segment } of [...graphemes.segment(near)].reverse()) {
    used += stringWidth(segment)
    if (used > width) break
    start -= segment.length
  }
  return near.slice(start)
}

/** `text` in exactly `rows` rows of at most `width` columns, broken at spaces where there are some; cut in its middle. */
export function wrapText(text: string, width: number, rows: number, ellipsis: string): string[] {
  if (rows <= 0) return []
  for (let kept = fits(text, rows * width) ? columnsOf(text) : rows * width; ; kept--) {
    const lines = breakLines(cutMiddle(text, kept, ellipsis), width)
    if (lines.length <= rows) return [...lines, ...new Array<string>(rows - lines.length).fill('')]
  }
}

/** `text` in at most `width` columns: its beginning and its end, if it is longer. */
export function cutMiddle(text: string, width: number, ellipsis: string): string {
  if (fits(text, width)) return text
  const head = cut(text, Math.ceil((width - 1) / 2))
  return head + ellipsis + cutStart(text, width - 1 - columnsOf(head))
}

/** `text` in lines of at most `width` columns, or of one character if that takes more; broken at spaces where there are some. */
export function breakLines(text: string, width: number): string[] {
  const lines: string[] = []
  let rest = text
  while (rest !== '' && !fits(rest, width)) {
    const line = cut(rest, width) || firstCharacter(rest)
    const space = rest[line.length] === ' ' ? line.length : line.lastIndexOf(' ')
    // A path longer than half a line is broken: else the line would be as good as lost.
    const end = space > line.length / 2 ? space : line.length
    lines.push(rest.slice(0, end))
    rest = rest.slice(end).trimStart()
  }
  return [...lines, rest]
}
