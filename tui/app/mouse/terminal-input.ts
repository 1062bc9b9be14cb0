import { Transform, type TransformCallback } from 'node:stream'
import { StringDecoder } from 'node:string_decoder'
import type { ReadStream } from 'node:tty'
import { InputSplitter, type MouseEvent } from './input-splitter.ts'

/** Milliseconds that the beginning of a sequence waits for its rest before it is the key Esc. */
const patience = 30

/** A terminal's keys, for Ink to read in its place; what the mouse does is told by the event `mouse` instead. */
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
    clearTimeout(this.#timer)
    const { keys, mouse } = this.#splitter.push(this.#decoder.write(chunk))
    for (const event of mouse) this.emit('mouse', event)
    if (this.#splitter.isWaiting) this.#timer = setTimeout(() => this.push(this.#splitter.flush()), patience)
    done(null, keys === '' ? undefined : keys)
  }
}
