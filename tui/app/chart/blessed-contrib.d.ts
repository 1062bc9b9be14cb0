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
      beginPath(): void
      moveTo(x: number, y: number): void
      /** The dot itself is drawn, too. */
      lineTo(x: number, y: number): void
      stroke(): void
      readonly _canvas: { frame(): string }
    }
  }
}
