declare module 'blessed-contrib/lib/widget/canvas.js' {
  import type { EventEmitter } from 'node:events'

  export default class Canvas extends EventEmitter {
    constructor(options: object)
    /** In terminal columns and rows; 6 columns more than can be drawn on. */
    width: number
    height: number
    /** There once 'attach' was heard. */
    ctx: {
      strokeStyle: string
      /** All dots from x to x + width and from y to y + height, both included. */
      fillRect(x: number, y: number, width: number, height: number): void
      readonly _canvas: { frame(): string }
    }
  }
}
