import { joined, nothing } from '../socks/conversation.ts'
import { longestHead, mostLines } from './head-reader.ts'
import { betweenHops, lasting, optionsOf } from './hop-by-hop.ts'
import { latin1 } from './replies.ts'

/** Room to begin with, which doubles as need be. */
const firstRoom = 1024
const [lineFeed, carriageReturn] = [0x0a, 0x0d]
/** What every answer begins with that has a head which we know how to read. */
const mark = Buffer.from('HTTP/1.', 'latin1')
const [continuing, switchingProtocols] = [100, 101]
/** Interim answers before the answer: each takes a copy of what has come behind it. */
const mostInterim = 16
/** Where there is no head, as `#end` has it. */
const none = -1

/** The head of an answer of our own, in front of what is none of HTTP/1: that is its body, until the connection ends. */
const noAnswer = latin1(
  [
    'HTTP/1.1 502 Bad Gateway',
    'Connection: close',
    'Proxy-Status: proxyd; error=http_protocol_error',
    'Content-Type: text/plain',
    '',
    'what the server says is no answer of HTTP/1.1:\n',
  ].join('\r\n'),
)

/**
 * The beginning of what a server answers to the one request that is passed on to it (RFC 9112): its head goes on without what is
 * between the server and us, and with the word that the connection ends behind it, for so it does. A client that had not heard that
 * would send its next request, for another host perhaps, and could take what this server goes on to say for the answer to it. So what
 * has no head that we can read becomes the body of an answer of our own, and only interim answers that everybody knows for such go on.
 * Bodies, and the answer that switches protocols, if that was asked for, go on as they came, byte for byte.
 */
export class AnswerHead {
  readonly #maySwitch: boolean
  #bytes = nothing
  #length = 0
  /** So many have been looked at; the line that the last of them is of has begun here. */
  #seen = 0
  #lineStart = 0
  #lines = 0
  #interim = 0
  #isOver = false
  #hasSwitched = false

  /** `maySwitch`: the request asks for another protocol. */
  constructor(maySwitch: boolean) {
    this.#maySwitch = maySwitch
  }

  /** Whether all that is still to come goes on as it is. */
  get isOver(): boolean {
    return this.#isOver
  }

  get hasSwitched(): boolean {
    return this.#hasSwitched
  }

  /** Bytes of memory that it takes. */
  get held(): number {
    return this.#bytes.length
  }

  /** Takes what the server says next; returns what goes on now, perhaps nothing, which the caller may keep. */
  edit(chunk: Uint8Array): Uint8Array {
    // Not slice(): a Buffer's does not copy.
    if (this.#isOver) return new Uint8Array(chunk)
    this.#keep(chunk)
    let told: Uint8Array = nothing
    for (let end = this.#end(); end !== undefined; end = this.#end()) {
      told = joined(told, end === none ? this.end() : this.#pass(end))
      if (this.#isOver) return joined(told, this.#take(this.#length))
    }
    return told
  }

  /** The server has said all, or no more of its head is waited for: what was kept is no answer. */
  end(): Uint8Array {
    const isRead = this.#isOver || this.#length === 0
    this.#isOver = true
    const kept = this.#take(this.#length)
    return isRead ? kept : joined(noAnswer, kept)
  }

  #keep(chunk: Uint8Array): void {
    const length = this.#length + chunk.length
    if (length > this.#bytes.length) {
      const room = new Uint8Array(Math.max(firstRoom, length, 2 * this.#bytes.length))
      room.set(this.#bytes.subarray(0, this.#length))
      this.#bytes = room
    }
    this.#bytes.set(chunk, this.#length)
    this.#length = length
  }

  /** Where the head ends, if it is one; undefined: not yet. Looks at each byte once. */
  #end(): number | undefined {
    const bytes = this.#bytes
    const known = Math.min(this.#length, longestHead)
    for (let at = this.#seen; at < known; at++) {
      const octet = bytes[at] as number
      if (at < mark.length && octet !== mark[at]) return none
      this.#seen = at + 1
      if (octet !== lineFeed) continue
      const length = at - this.#lineStart
      this.#lineStart = at + 1
      if (length === 0 || (length === 1 && bytes[at - 1] === carriageReturn)) return at + 1
      if (++this.#lines === mostLines) return none
    }
    return this.#length < longestHead ? undefined : none
  }

  #pass(end: number): Uint8Array {
    const head = Buffer.from(this.#bytes.buffer, 0, end).toString('latin1')
    const status = Number(/^HTTP\/1\.\d +(\d{3})(?!\d)/.exec(head)?.[1])
    const isInterim = status >= 100 && status < 200 && status !== switchingProtocols
    if (isInterim && ++this.#interim <= mostInterim) {
      const interim = this.#take(end)
      return status === continuing ? interim : nothing
    }
    const switches = status === switchingProtocols && this.#maySwitch
    const told = switches ? head : status >= 200 ? ending(head) : undefined
    if (told === undefined) return this.end()
    this.#isOver = true
    this.#hasSwitched = switches
    const rest = this.#bytes.subarray(end, this.#length)
    this.#bytes = nothing
    this.#length = 0
    return joined(Buffer.from(told, 'latin1'), rest)
  }

  #take(count: number): Uint8Array {
    const taken = this.#bytes.slice(0, count)
    this.#bytes = this.#bytes.slice(count, this.#length)
    this.#length -= count
    this.#seen = 0
    this.#lineStart = 0
    this.#lines = 0
    return taken
  }
}

/**
 * A head with what is between hops taken out, and the word that the connection ends; undefined if nobody means what it names as that.
 * Lines may end in LF alone, as some do.
 */
function ending(head: string): string | undefined {
  const [status = '', ...rest] = linesOf(head)
  const empty = rest.pop() ?? ''
  const names = rest.map(nameOf)
  const options = optionsOf(rest.filter((_, i) => names[i] === 'connection').map(saidBy))
  if (!options) return undefined
  let told = status
  for (const [i, name] of names.entries())
    if (!betweenHops.has(name) && (!options.has(name) || lasting.has(name))) told += rest[i]
  return `${told}Connection: close${empty}${empty}`
}

/** With their ends. What begins with a blank goes on with the line before (RFC 9112, section 5.2). */
function linesOf(head: string): string[] {
  const lines: string[] = []
  let start = 0
  for (let end = head.indexOf('\n') + 1; end > 0; end = head.indexOf('\n', end) + 1) {
    if (head[end] === ' ' || head[end] === '\t') continue
    lines.push(head.slice(start, end))
    start = end
  }
  return lines
}

function nameOf(line: string): string {
  return line
    .slice(0, Math.max(0, line.indexOf(':')))
    .trim()
    .toLowerCase()
}

function saidBy(line: string): string {
  return line.slice(line.indexOf(':') + 1)
}
