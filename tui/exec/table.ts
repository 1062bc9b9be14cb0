import type { Table } from '../../shared/commands/verb.ts'

const gap = '  '

/** The lines of a table, columns aligned, nothing after the last word of a line. `widthOf` counts terminal columns. */
export function tableLines({ heading, rows, right = [] }: Table, widthOf: (text: string) => number): string[] {
  const all = heading ? [heading, ...rows] : rows
  const widths = all.reduce<number[]>(
    (widest, row) => row.map((cell, at) => Math.max(widest[at] ?? 0, widthOf(cell))),
    [],
  )
  const pad = (cell: string, at: number) => {
    const padding = ' '.repeat((widths[at] ?? 0) - widthOf(cell))
    return right.includes(at) ? padding + cell : cell + padding
  }
  return all.map((row) => row.map(pad).join(gap).trimEnd())
}
