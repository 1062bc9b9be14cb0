/** What the palette offers: a key of the page, or a command to be completed. */
export interface Offer {
  readonly title: string
  /** What is written beside it: the key, or how the command is written. */
  readonly label: string
  readonly act: { readonly do: 'press'; readonly key: string } | { readonly do: 'type'; readonly text: string }
}

/** The offers whose title or label has the letters of `wanted` in this order, the best first; all of them for none. */
export function searchOffers(offers: readonly Offer[], wanted: string): Offer[] {
  const letters = wanted.toLowerCase().replace(/\s+/g, '')
  return offers
    .map((offer) => ({ offer, score: Math.max(score(offer.title, letters), score(offer.label, letters)) }))
    .filter(({ score }) => score > Number.NEGATIVE_INFINITY)
    .sort((one, other) => other.score - one.score)
    .map(({ offer }) => offer)
}

/** For a letter at the start of a word, and for one right behind the letter before: a word counts more than initials. */
const points = { start: 4, next: 5 }
const impossible = Number.NEGATIVE_INFINITY

/** How well `letters` are found in `text`, in the way that counts most; minus infinity if they are not. */
function score(text: string, letters: string): number {
  const searched = text.toLowerCase()
  // By how much of the text is used up: the most that the letters so far count, the last one found right there.
  let best: readonly number[] = [0, ...new Array<number>(searched.length).fill(impossible)]
  for (const letter of letters) {
    const next = new Array<number>(best.length).fill(impossible)
    let before = impossible
    for (let at = 0; at < searched.length; at++) {
      before = Math.max(before, best[at] ?? impossible)
      if (searched[at] !== letter) continue
      const adjacent = at === 0 ? impossible : (best[at] ?? impossible) + points.next
      next[at + 1] = Math.max(before, adjacent) + (/\w/.test(searched[at - 1] ?? ' ') ? 0 : points.start)
    }
    best = next
  }
  return Math.max(...best)
}
