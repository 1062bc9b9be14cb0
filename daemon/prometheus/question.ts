import { HeadReader } from '../http/head-reader.ts'

/** Bytes of a request's head. */
const mostHead = 8 * 1024

/** What a client asks for. */
export interface Question {
  readonly method: string
  /** As it stands in the request line. */
  readonly target: string
  /** The fields of these names, undefined or empty if there are none. */
  readonly host: string | undefined
  readonly accept: string
}

/** The status for what is no question. */
export type Unclear = 400 | 431

/** Hears the head of one request of HTTP/1 out (RFC 9112), and nothing that comes behind it. */
export class QuestionReader {
  readonly #reader = new HeadReader()
  #heard = 0

  /** Takes the next bytes; undefined: more are to come. It is not to be called once it has said something else. */
  hear(chunk: Uint8Array): Question | Unclear | undefined {
    const room = mostHead - this.#heard
    this.#heard += chunk.length
    this.#reader.add(chunk.subarray(0, room))
    let state = this.#reader.advance()
    if (state === 'first line') state = this.#reader.advance()
    if (state === 'whole') return readQuestion(this.#reader.head) ?? 400
    if (state !== 'more') return 400
    return this.#heard >= mostHead ? 431 : undefined
  }
}

/** Undefined: it is no request, or for more than one host, or for none where it has to name one. */
function readQuestion(head: string): Question | undefined {
  const [line = '', ...fields] = head.split('\r\n')
  const [, method, target, minor] = /^([A-Z]+) ([!-~]+) HTTP\/1\.([01])$/.exec(line) ?? []
  const valuesOf = (name: string) => {
    const theirs = fields.filter((field) => field.slice(0, name.length + 1).toLowerCase() === `${name}:`)
    return theirs.map((field) => field.slice(name.length + 1).trim())
  }
  const hosts = valuesOf('host')
  if (method === undefined || target === undefined || hosts.length > 1) return undefined
  if (minor === '1' && hosts.length === 0) return undefined
  return { method, target, host: hosts[0], accept: valuesOf('accept').join(',') }
}
