declare module 'blessed-contrib/lib/widget/charts/line.js' {
  import type { EventEmitter } from 'node:events'

  interface LineOptions {
    readonly style: { readonly line: string; readonly text: string; readonly baseline: string }
    readonly maxY: number
    readonly numYLabels: number
    readonly xPadding: number
  }

  export default class Line extends EventEmitter {
    constructor(options: LineOptions)
    /** In terminal columns and rows, a border and axis labels included. */
    width: number
    height: number
    /** There once 'attach' was heard. */
    ctx: { readonly _canvas: { frame(): string } }
    setData(data: { readonly x: readonly string[]; readonly y: readonly number[] }): void
  }
}
