import { cutMiddle, fitText } from '../text/fit.ts'
import type { Role } from '../themes/theme.ts'
import type { Column, Format } from './columns.ts'

/** A column that is shown, how wide, and how far from the one before. */
export interface Placed<Row> {
  readonly column: Column<Row>
  readonly width: number
  readonly gap: number
}

/** Terminal columns before the first: the cursor, a mark, or a sign of what must be seen. */
export const tableMargin = 1

/** Spaces between two columns at most, where no column has use for more room. */
const widestGap = 4

/**
 * The columns that fit into `width`, whatever their rows are: so nothing jumps while rows come and go, and no long name takes
 * a number's room. The most wanted come first, and before all those that always stay and the one named `kept`; what is left
 * over is shared by those that can use more, in proportion to how much that is, and then by the gaps.
 */
export function placeColumns<Row>(columns: readonly Column<Row>[], width: number, kept?: string): Placed<Row>[] {
  const chosen = chooseColumns(columns, width, kept)
  const gaps = chosen.length - 1
  const widths = narrow(
    chosen.map((column) => column.width),
    width - gaps,
  )
  const spare = width - gaps - sum(widths)
  const shares = share(
    spare,
    chosen.map((column) => Math.max(0, (column.widest ?? 0) - column.width)),
  )
  const gap = Math.min(widestGap, 1 + Math.floor((spare - sum(shares)) / Math.max(1, gaps)))
  return chosen.map((column, at) => ({
    column,
    width: (widths[at] ?? 0) + (shares[at] ?? 0),
    gap: at === 0 ? 0 : gap,
  }))
}

/** Those that always stay, and of the others one rank after the other, whole, as far as there is room for it. */
function chooseColumns<Row>(columns: readonly Column<Row>[], width: number, kept?: string): Column<Row>[] {
  const rankOf = ({ name, dispensable }: Column<Row>) =>
    name === kept ? Number.POSITIVE_INFINITY : (dispensable ?? Number.POSITIVE_INFINITY)
  const ranks = [...new Set(columns.map(rankOf))].sort((one, other) => other - one)
  return ranks.reduce<Column<Row>[]>((chosen, rank) => {
    const more = columns.filter((column) => chosen.includes(column) || rankOf(column) === rank)
    const fits = sum(more.map((column) => column.width)) + more.length - 1 <= width
    return fits || rank === Number.POSITIVE_INFINITY ? more : chosen
  }, [])
}

/** The widths, of which the widest are cut where together they are more than `most`. */
function narrow(widths: number[], most: number): number[] {
  let cut = widths
  while (sum(cut) > most && Math.max(...cut) > 1) {
    const widest = Math.max(...cut)
    cut = cut.with(cut.indexOf(widest), widest - 1)
  }
  return cut
}

/** So much of `amount` for each as it wishes for; less in proportion where it is too little for all. */
function share(amount: number, wishes: readonly number[]): number[] {
  const wanted = sum(wishes)
  if (wanted <= amount) return [...wishes]
  if (amount <= 0) return wishes.map(() => 0)
  let [given, wished] = [0, 0]
  return wishes.map((wish) => {
    wished += wish
    const upToHere = Math.floor((amount * wished) / wanted)
    const own = upToHere - given
    given = upToHere
    return own
  })
}

/** A row's cells in their columns. */
export function layOut<Row>(
  placed: readonly Placed<Row>[],
  cell: (column: Column<Row>, width: number) => string,
  ellipsis: string,
): string {
  return placed
    .map(({ column, width, gap }) => ' '.repeat(gap) + fitCell(cell(column, width), column, width, ellipsis))
    .join('')
}

function fitCell<Row>(text: string, { align, cut }: Column<Row>, width: number, ellipsis: string): string {
  return fitText(cut === 'middle' ? cutMiddle(text, width, ellipsis) : text, width, ellipsis, align)
}

/** A part of a row that means one thing; null: nothing in particular. */
interface Run {
  readonly text: string
  readonly tone: Role | null
}

/** The greatest of what the bars of each column tell. */
export function greatestOf<Row>(placed: readonly Placed<Row>[], rows: readonly Row[]): readonly number[] {
  return placed.map(({ column: { bar } }) => (bar ? rows.reduce((most, row) => Math.max(most, bar(row)), 0) : 0))
}

/** The role of a cell's part that its bar lies behind. */
const barTones: Readonly<Partial<Record<Role, Role>>> = { down: 'downBar', up: 'upBar' }

/** A row's cells in their columns, parted where what they mean changes; with bars of what is a share of the `greatest`. */
export function layOutRuns<Row>(
  placed: readonly Placed<Row>[],
  row: Row,
  format: Format,
  ellipsis: string,
  greatest: readonly number[] = [],
): Run[] {
  const runs: Run[] = []
  for (const [at, { column, width, gap }] of placed.entries()) {
    const tone = column.tone?.(row, format) ?? null
    const last = runs.at(-1)
    const cell = fitCell(column.cell(row, format, width), column, width, ellipsis)
    const share = column.bar && greatest[at] ? column.bar(row) / greatest[at] : 0
    const barTone = (share > 0 && tone && barTones[tone]) || null
    if (barTone !== null) {
      const end = Math.max(1, Math.round(share * width))
      runs.push({ tone: null, text: ' '.repeat(gap) }, { tone: barTone, text: cell.slice(0, end) })
      if (end < cell.length) runs.push({ tone, text: cell.slice(end) })
      continue
    }
    const text = ' '.repeat(gap) + cell
    if (last?.tone === tone) runs.splice(-1, 1, { tone, text: last.text + text })
    else runs.push({ tone, text })
  }
  return runs
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
