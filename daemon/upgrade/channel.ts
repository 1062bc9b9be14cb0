import { Refusal } from '../refusal.ts'

/** One end of the pipe that Node lays between a process and one that it has started. */
interface Pipe {
  readonly connected?: boolean
  send?(message: Message, done: (error: Error | null) => void): boolean
  on(event: 'message', hear: (message: unknown) => void): unknown
  once(event: 'disconnect', hear: () => void): unknown
}

type Message =
  | { readonly ask: number; readonly question: string; readonly given: unknown }
  | { readonly answer: number; readonly result?: unknown; readonly refusal?: string }

/** Answers what the other process asks; what it throws or rejects with reaches that as a Refusal of the same text. */
export type Answer = (question: string, given: unknown) => unknown

/** What a daemon and its successor ask of each other, as JSON: either may be of another version. */
export class Channel {
  /** Resolves when the other process has gone. */
  readonly closed: Promise<void>
  readonly #pipe: Pipe
  readonly #answer: Answer
  readonly #asked = new Map<number, PromiseWithResolvers<unknown>>()
  #last = 0

  constructor(pipe: Pipe, answer: Answer) {
    this.#pipe = pipe
    this.#answer = answer
    pipe.on('message', (message) => void this.#hear(message as Message))
    this.closed = new Promise((resolve) => {
      pipe.once('disconnect', () => {
        for (const { reject } of this.#asked.values()) reject(gone())
        this.#asked.clear()
        resolve()
      })
    })
  }

  /** Rejects with a Refusal: that of the other process, or because it has gone. */
  ask(question: string, given: unknown = {}): Promise<unknown> {
    const answer = Promise.withResolvers<unknown>()
    const ask = ++this.#last
    this.#asked.set(ask, answer)
    this.#send({ ask, question, given }, answer.reject)
    return answer.promise
  }

  async #hear(message: Message): Promise<void> {
    if ('ask' in message) {
      const { ask, question, given } = message
      try {
        this.#send({ answer: ask, result: await this.#answer(question, given) })
      } catch (error) {
        this.#send({ answer: ask, refusal: error instanceof Error ? error.message : String(error) })
      }
      return
    }
    const asked = this.#asked.get(message.answer)
    this.#asked.delete(message.answer)
    if (message.refusal === undefined) asked?.resolve(message.result)
    else asked?.reject(new Refusal('unavailable', message.refusal))
  }

  #send(message: Message, failed: (error: Error) => void = () => {}): void {
    if (!this.#pipe.connected) return failed(gone())
    this.#pipe.send?.(message, (error) => error && failed(gone()))
  }
}

function gone(): Refusal {
  return new Refusal('unavailable', 'the other process has gone')
}
