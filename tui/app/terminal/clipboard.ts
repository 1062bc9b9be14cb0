/** Bytes of base64 that terminals are sent at most; some drop longer ones. */
const longest = 8192

/** What would not be seen in what is pasted, or would do something. */
const unseen = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu

/**
 * What asks the terminal to put `text` into the clipboard (OSC 52), without what cannot be seen in it; null if it is too
 * long or this terminal would show it instead. tmux hands it on by itself or, wrapped, past itself: which of them depends
 * on its settings, so it gets both.
 */
export function clipboardSequence(text: string, env: Readonly<Record<string, string | undefined>>): string | null {
  const coded = Buffer.from(text.replace(unseen, '')).toString('base64')
  if (coded.length > longest || env.TERM === 'linux') return null
  const sequence = `\u001b]52;c;${coded}\u0007`
  return env.TMUX ? `${sequence}\u001bPtmux;\u001b${sequence}\u001b\\` : sequence
}
