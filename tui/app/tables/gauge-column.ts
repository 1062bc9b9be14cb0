import { gauge } from '../chart/bars.ts'
import { shareOf, type Used } from '../state/limits.ts'
import { columnsOf } from '../text/fit.ts'
import type { Column, Format } from './columns.ts'

/** Columns of a bar that is worth it. */
const shortest = 3
/** The share of a limit from which on it is near. */
const near = 0.9

/** A column that tells how much of a limit is used, by numbers and, where there is room, by a bar. */
export function gaugeColumn<Row>(
  name: string,
  header: string,
  widths: { readonly width: number; readonly widest: number },
  of: (row: Row) => Used | null,
  show: (used: Used, format: Format) => string,
  /** What is told of who has no such limit. */
  without: (row: Row, format: Format) => string,
  extra: Partial<Column<Row>>,
): Column<Row> {
  const share = (row: Row) => {
    const used = of(row)
    return used ? shareOf(used) : -1
  }
  return {
    name,
    header,
    ...widths,
    align: 'right',
    greatestFirst: true,
    cell: (row, format, width) => {
      const used = of(row)
      return used ? gaugeText(shareOf(used), show(used, format), width, format.unicode) : without(row, format)
    },
    value: (row) => of(row)?.used ?? Number.NaN,
    compare: (one, other) => share(one) - share(other),
    tone: (row) => (share(row) >= near ? 'warning' : null),
    ...extra,
  }
}

/** A bar and a text in so many columns; the text alone where there is no room for both. */
function gaugeText(share: number, text: string, width: number, unicode: boolean): string {
  const room = width - columnsOf(text) - 1
  return room < shortest ? text : `${gauge(share, room, unicode)} ${text}`
}

const prefixes = ['', 'k', 'M', 'G', 'T', 'P']

/** `4.12/50GB`: both in the unit of the limit, in powers of 1000, as limits are written. */
export function usedBytes({ used, limit }: Used): string {
  return scaled(used, limit, 'B')
}

/** `8.2/10MB/s`, or in bits a second. */
export function usedRate({ used, limit }: Used, { rateUnit }: Format): string {
  return rateUnit === 'bits' ? scaled(used * 8, limit * 8, 'bit/s') : scaled(used, limit, 'B/s')
}

function scaled(used: number, limit: number, unit: string): string {
  const step = Math.min(prefixes.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(1, limit)) / 3)))
  const size = 1000 ** step
  return `${short(used / size)}/${short(limit / size)}${prefixes[step]}${unit}`
}

/** Three digits at most, no zeros at the end of a fraction. */
function short(value: number): string {
  return String(value >= 100 ? Math.round(value) : Number(value.toFixed(value < 10 ? 2 : 1)))
}
