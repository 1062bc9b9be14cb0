import { formatBytes, formatRate } from '../../../shared/format/bytes.ts'
import {
  formatClock,
  formatDay,
  formatTime,
  formatUtc,
  shownZoneName,
  timeColumns,
} from '../../../shared/format/time.ts'
import type { UpDown } from '../chart/resample.ts'
import type { Role } from '../themes/theme.ts'

/** A column of a table, as data. */
export interface Column<Row> {
  readonly name: string
  readonly header: string
  readonly align: 'left' | 'right'
  /** Terminal columns that it takes at least, with an arrow behind the header; and how many it has use for. */
  readonly width: number
  readonly widest?: number
  /** Where a text that is too long is cut: of places, beginning and end say most. */
  readonly cut?: 'end' | 'middle'
  /** The cell's text, safe to show, in so many terminal columns if it can. */
  cell(row: Row, format: Format, width: number): string
  /** What a file has of it: texts as they are, numbers unscaled. */
  value(row: Row): string | number
  /** Order of two rows, ascending. */
  compare(one: Row, other: Row): number
  /** Sorting by this column begins with the greatest. */
  readonly greatestFirst: boolean
  /** How much it is wanted where space is short, those of one number together; those without it always stay. */
  readonly dispensable?: number
  /** Terminal columns from which on it is shown to who has not chosen the columns. */
  readonly from?: number
  /** What a bar behind the number tells, in proportion to the greatest of all rows. Its tone is `down` or `up`. */
  bar?(row: Row): number
  /** What the cell means, where it is not plain. */
  tone?(row: Row, format: Format): Role | null
}

/** What a cell's text depends on beside its row. */
export interface Format {
  /** Milliseconds since 1970, by the daemon's clock. */
  readonly now: number
  readonly rateUnit: 'bytes' | 'bits'
  /** False: ASCII only. */
  readonly unicode: boolean
  /** Makes text from outside safe to show. */
  text(outside: string): string
}

type Extra<Row> = Partial<Column<Row>>
type Texts<Row> = Extra<Row> & Pick<Column<Row>, 'width'>

/** Terminal columns from which on a table shows all that it has. */
export const wide = 180

/** A column of texts from outside, ordered by code units. */
export function textColumn<Row>(
  name: string,
  header: string,
  text: (row: Row) => string,
  extra: Texts<Row>,
): Column<Row> {
  return {
    name,
    header,
    align: 'left',
    greatestFirst: false,
    cell: (row, format) => format.text(text(row)),
    value: text,
    compare: (one, other) => compareText(text(one), text(other)),
    ...extra,
  }
}

/** A column of numbers; `show` makes at most `width` characters of one. */
export function numberColumn<Row>(
  name: string,
  header: string,
  width: number,
  value: (row: Row) => number,
  show: (value: number, format: Format) => string,
  extra: Extra<Row> = {},
): Column<Row> {
  return {
    name,
    header,
    width,
    align: 'right',
    greatestFirst: true,
    cell: (row, format) => show(value(row), format),
    value,
    compare: (one, other) => value(one) - value(other),
    ...extra,
  }
}

/** A column of moments, in milliseconds since 1970. */
export function timeColumn<Row>(
  name: string,
  header: string,
  time: (row: Row) => number,
  extra: Extra<Row> = {},
): Column<Row> {
  return numberColumn(name, header, timeColumns, time, (moment) => formatTime(moment), extra)
}

/** The column `time`: what clocks show, below the name of their zone; a file has the whole moment, in UTC. */
export function clockColumn<Row>(time: (row: Row) => number, extra: Extra<Row> = {}): Column<Row> {
  return {
    name: 'time',
    get header() {
      return shownZoneName(Date.now())
    },
    align: 'left',
    width: 8,
    greatestFirst: false,
    cell: (row) => formatClock(time(row)),
    value: (row) => formatUtc(time(row)),
    compare: (one, other) => time(one) - time(other),
    ...extra,
  }
}

/** The column `day`: what day it is there then; a file has that of UTC. */
export function dayColumn<Row>(time: (row: Row) => number, extra: Extra<Row> = {}): Column<Row> {
  return textColumn('day', 'Day', (row) => formatDay(time(row)), {
    width: 10,
    value: (row) => formatDay(time(row), 'UTC'),
    from: wide,
    ...extra,
  })
}

/** A column of `host:port` from outside. */
export function placeColumn<Row>(
  name: string,
  header: string,
  text: (row: Row) => string,
  extra: Texts<Row>,
): Column<Row> {
  return textColumn(name, header, text, { cut: 'middle', ...extra })
}

/** Columns for rates and totals both ways, downwards first: it is what people look for. */
export function trafficColumns<Row>(
  rate: (row: Row) => UpDown,
  total: (row: Row) => UpDown,
  dispensable: { readonly rates: number; readonly totals: number },
): Column<Row>[] {
  return [
    rateColumn('down-rate', 'Down/s', (row) => rate(row).down, dispensable.rates, 'down'),
    rateColumn('up-rate', 'Up/s', (row) => rate(row).up, dispensable.rates, 'up'),
    ...totalColumns(total, dispensable.totals),
  ]
}

/** A column of rates; that they are of a second its header says. */
function rateColumn<Row>(
  name: string,
  header: string,
  rate: (row: Row) => number,
  dispensable: number,
  tone: 'down' | 'up',
): Column<Row> {
  return numberColumn(name, header, 9, rate, showRate, {
    bar: rate,
    dispensable,
    tone: (row) => (rate(row) > 0 ? tone : 'dim'),
  })
}

/** A rate where the header says that it is one. */
export function showRate(rate: number, { rateUnit }: Format): string {
  return formatRate(rate, rateUnit).replace('/s', '')
}

/** Columns for totals both ways. */
export function totalColumns<Row>(total: (row: Row) => UpDown, dispensable: number): Column<Row>[] {
  return [
    bytesColumn('down', 'Down', (row) => total(row).down, { dispensable }),
    bytesColumn('up', 'Up', (row) => total(row).up, { dispensable }),
  ]
}

/** A column of bytes; what is nothing fades. */
export function bytesColumn<Row>(
  name: string,
  header: string,
  bytes: (row: Row) => number,
  extra: Extra<Row> = {},
): Column<Row> {
  return numberColumn(name, header, 8, bytes, formatBytes, { tone: fadeZero(bytes), ...extra })
}

/** Makes of nothing something that fades. */
export function fadeZero<Row>(value: (row: Row) => number): (row: Row) => Role | null {
  return (row) => (value(row) === 0 ? 'dim' : null)
}

export function compareText(one: string, other: string): number {
  return one < other ? -1 : Number(one > other)
}
