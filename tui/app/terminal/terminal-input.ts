import { Transform, type TransformCallback } from 'node:stream'
import { StringDecoder } from 'node:string_decoder'
import type { ReadStream } from 'node:tty'
import type { Background } from './background.ts'
import { InputSplitter, type MouseEvent } from './input-splitter.ts'

/** Asks the terminal to tell of clicks and the wheel (xterm's 1000), with numbers of any size (1006). */
export const mouseOn = '\u001b[?1000h\u001b[?1006h'

/** Leaves the mouse to the terminal, which selects text with it. */
export const mouseOff = '\u001b[?1006l\u001b[?1000l'

/**
 * A terminal's keys, for Ink to read in its place. What the mouse does is told by an event once the keys before it have been
 * read, so that each acts on what those before it have made of the screen; the background is told by an event at once.
 */
export class TerminalInput extends Transform {
  readonly isTTY = true
  readonly #terminal: ReadStream
  readonly #splitter = new InputSplitter()
  readonly #decoder = new StringDecoder('utf8')
  #timer: NodeJS.Timeout | undefined
  #unread: NodeJS.Immediate | undefined

  constructor(terminal: ReadStream) {
    super({ readableObjectMode: true })
    this.#terminal = terminal
    terminal.pipe(this)
  }

  /** Hear what the mouse does until the returned function is called. */
  onMouse(listener: (event: MouseEvent) => void): () => void {
    this.on('mouse', listener)
    return () => void this.off('mouse', listener)
  }

  /** Hear the terminal's answers about its background. */
  onBackground(listener: (background: Background) => void): void {
    this.on('background', listener)
  }

  setRawMode(on: boolean): this {
    this.#terminal.setRawMode(on)
    return this
  }

  ref(): this {
    this.#terminal.ref()
    return this
  }

  unref(): this {
    this.#terminal.unref()
    return this
  }

  /** The next keys, which are text already; null if there are none yet. With 0 it takes none: so streams fill themselves. */
  override read(size?: number): string | null {
    if (size === 0) return super.read(0)
    for (;;) {
      const part: string | MouseEvent | null = super.read()
      if (part === null || typeof part === 'string') return part
      this.emit('mouse', part)
    }
  }

  override setEncoding(): this {
    return this
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    const { parts, background } = this.#splitter.push(this.#decoder.write(chunk))
    for (const part of parts) this.push(part)
    if (background) this.emit('background', background)
    this.#waitForTheRest()
    done()
  }

  #waitForTheRest(): void {
    clearTimeout(this.#timer)
    clearImmediate(this.#unread)
    const { patience } = this.#splitter
    if (patience === null) return
    this.#timer = setTimeout(() => {
      // Where the app was too busy to read, as while it is loaded, the rest has come and is read before this.
      this.#unread = setImmediate(() => {
        const keys = this.#splitter.giveUp()
        if (keys !== '') this.push(keys)
        this.#waitForTheRest()
      })
    }, patience)
  }
}
