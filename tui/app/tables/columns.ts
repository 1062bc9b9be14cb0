import { formatBytes, formatRate } from '../../../shared/format/bytes.ts'
import type { UpDown } from '../chart/resample.ts'
import type { Role } from '../themes/theme.ts'

/** A column of a table, as data. */
export interface Column<Row> {
  readonly name: string
  readonly header: string
  readonly align: 'left' | 'right'
  /** Terminal columns it takes; without it, those of its longest cell, up to `widest` while space is short. */
  readonly width?: number
  readonly widest?: number
  /** The cell's text, safe to show. */
  cell(row: Row, format: Format): string
  /** Order of two rows, ascending. */
  compare(one: Row, other: Row): number
  /** Sorting by this column begins with the greatest. */
  readonly greatestFirst: boolean
  /** When space is short, columns with it are left out, the lowest first; those without it are cut after that. */
  readonly dispensable?: number
  /** Shown to those who choose it, and where there is room for everything. */
  readonly extra?: boolean
  /** Whether it tells something of a row; where it tells nothing of any, it is left out. Without it, it always does. */
  tells?(row: Row): boolean
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

/** A column of texts from outside, ordered by code units. */
export function textColumn<Row>(
  name: string,
  header: string,
  text: (row: Row) => string,
  extra: Extra<Row> = {},
): Column<Row> {
  return {
    name,
    header,
    align: 'left',
    greatestFirst: false,
    cell: (row, format) => format.text(text(row)),
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
    compare: (one, other) => value(one) - value(other),
    ...extra,
  }
}

/** Columns for rates and totals both ways, downwards first: it is what people look for. */
export function trafficColumns<Row>(
  rate: (row: Row) => UpDown,
  total: (row: Row) => UpDown,
  dispensable: { readonly rates: number; readonly totals: number },
): Column<Row>[] {
  const rates = { dispensable: dispensable.rates }
  const showRate = (value: number, { rateUnit }: Format) => formatRate(value, rateUnit)
  return [
    numberColumn('down-rate', 'Down/s', 11, (row) => rate(row).down, showRate, rates),
    numberColumn('up-rate', 'Up/s', 11, (row) => rate(row).up, showRate, rates),
    ...totalColumns(total, dispensable.totals),
  ]
}

/** Columns for totals both ways. */
export function totalColumns<Row>(total: (row: Row) => UpDown, dispensable: number): Column<Row>[] {
  return [
    numberColumn('down', 'Down', 8, (row) => total(row).down, formatBytes, { dispensable }),
    numberColumn('up', 'Up', 8, (row) => total(row).up, formatBytes, { dispensable }),
  ]
}

export function compareText(one: string, other: string): number {
  return one < other ? -1 : Number(one > other)
}
