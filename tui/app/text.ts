import stringWidth from 'string-width'

const ascii = /^[ -~]*$/
const graphemes = new Intl.Segmenter()

/** Terminal columns that `text` takes. */
export function columnsOf(text: string): number {
  return ascii.test(text) ? text.length : stringWidth(text)
}

/** `text` in exactly `width` columns: padded with spaces, or cut with `ellipsis` as its last column. */
export function fitText(text: string, width: number, ellipsis: string, align: 'left' | 'right' = 'left'): string {
  if (width <= 0) return ''
  const whole = columnsOf(text) <= width
  const shown = whole ? text : cut(text, width - 1) + ellipsis
  const padding = ' '.repeat(width - columnsOf(shown))
  return align === 'left' ? shown + padding : padding + shown
}

/** The longest beginning of `text` that takes at most `width` columns, no character torn. */
export function cut(text: string, width: number): string {
  if (ascii.test(text)) return text.slice(0, Math.max(0, width))
  let used = 0
  let end = 0
  for (const { segment } of graphemes.segment(text)) {
    used += stringWidth(segment)
    if (used > width) break
    end += segment.length
  }
  return text.slice(0, end)
}

/** The longest end of `text` that takes at most `width` columns, no character torn. */
export function cutStart(text: string, width: number): string {
  let used = 0
  let start = text.length
  for (const { segment } of [...graphemes.segment(text)].reverse()) {
    used += stringWidth(segment)
    if (used > width) break
    start -= segment.length
  }
  return text.slice(start)
}
