const second = 1000
const minute = 60 * second
const hour = 60 * minute
const day = 24 * hour

/** Milliseconds from one label to the next that people count in. */
const steps = [
  ...[1, 2, 5, 10, 15, 30].map((seconds) => seconds * second),
  ...[1, 2, 3, 5, 10, 15, 30].map((minutes) => minutes * minute),
  ...[1, 2, 3, 4, 6, 12].map((hours) => hours * hour),
  ...[1, 2, 5, 10, 20, 50, 100, 200].map((days) => days * day),
]

/** Columns from one label to the next, and between two, at least. */
const apart = 15
const gap = 3

interface Label {
  /** The first column, and what is written from there on. */
  readonly from: number
  readonly text: string
}

/** What is written along `columns` columns that go back `length` milliseconds: `-1 min`, moments between, and `newest`. */
export function timeLabels(length: number, columns: number, newest: string): Label[] {
  const oldest = { from: 0, text: `-${spanText(length)}` }
  const now = { from: columns - newest.length, text: newest }
  const step = steps.find((step) => (step / length) * columns >= apart) ?? length
  const between = Array.from({ length: Math.floor(length / step) }, (_, at) => {
    const text = `-${spanText((at + 1) * step)}`
    return { from: Math.round(columns * (1 - ((at + 1) * step) / length) - text.length / 2), text }
  })
  const isFree = ({ from, text }: Label) => {
    return from >= oldest.text.length + gap && from + text.length + gap <= now.from
  }
  return [oldest, ...between.filter(isFree).reverse(), now]
}

/** A span in one unit: whole seconds, minutes, hours or days. */
function spanText(length: number): string {
  if (length > day && length % day === 0) return `${length / day} d`
  if (length % hour === 0) return `${length / hour} h`
  return length % minute === 0 || length >= 5 * minute
    ? `${Math.round(length / minute)} min`
    : `${Math.round(length / second)} s`
}
