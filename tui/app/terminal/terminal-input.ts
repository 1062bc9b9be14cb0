import { Transform, type TransformCallback } from 'node:stream'
import { StringDecoder } from 'node:string_decoder'
import type { ReadStream } from 'node:tty'
import type { Background } from './background.ts'
import { InputSplitter, type MouseEvent } from './input-splitter.ts'

/** Asks the terminal to tell of clicks and the wheel (xterm's 1000), with numbers of any size (1006). */
export const mouseOn = '\u001b[?1000h\u001b[?1006h'

/** Leaves the mouse to the terminal, which selects text with it. */
export const mouseOff = '\u001b[?1006l\u001b[?1000l'

/** A terminal's keys, for Ink to read in its place; what the mouse does, and the background, are told by events instead. */
export class TerminalInput extends Transform {
  readonly isTTY = true
  readonly #terminal: ReadStream
  readonly #splitter = new InputSplitter()
  readonly #decoder = new StringDecoder('utf8')
  #timer: NodeJS.Timeout | undefined

  constructor(terminal: ReadStream) {
    super()
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

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    const { keys, mouse, background } = this.#splitter.push(this.#decoder.write(chunk))
    for (const event of mouse) this.emit('mouse', event)
    if (background) this.emit('background', background)
    this.#waitForTheRest()
    done(null, keys === '' ? undefined : keys)
  }

  #waitForTheRest(): void {
    clearTimeout(this.#timer)
    const { patience } = this.#splitter
    if (patience === null) return
    this.#timer = setTimeout(() => {
      const keys = this.#splitter.giveUp()
      if (keys !== '') this.push(keys)
      this.#waitForTheRest()
    }, patience)
  }
}
