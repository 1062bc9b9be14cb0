/** Which kind of text can be read on a terminal. */
export type Background = 'dark' | 'light'

/** Asks a terminal for the colour of its background (xterm's OSC 11), where asking does no harm. */
export function backgroundQuery({ TERM }: NodeJS.ProcessEnv): string {
  // The console of Linux shows what it does not know.
  return TERM === 'linux' ? '' : '\u001b]11;?\u001b\\'
}

/** Some terminals tell which of their 16 colours the background is: `15;0`, the last number. Most that tell nothing are dark. */
export function backgroundBy({ COLORFGBG = '' }: NodeJS.ProcessEnv): Background {
  return /;(7|15)$/.test(COLORFGBG) ? 'light' : 'dark'
}

/** What an answer to the query says, `rgb:ffff/ffff/ffff` with one to four digits each; null if it is none. */
export function readBackground(answer: string): Background | null {
  const parts = /rgba?:([\da-f]{1,4})\/([\da-f]{1,4})\/([\da-f]{1,4})/i.exec(answer)?.slice(1)
  if (!parts) return null
  const [red = 0, green = 0, blue = 0] = parts.map((part) => Number.parseInt(part, 16) / (16 ** part.length - 1))
  // How bright it looks, by ITU-R BT.601.
  return 0.299 * red + 0.587 * green + 0.114 * blue > 0.5 ? 'light' : 'dark'
}
