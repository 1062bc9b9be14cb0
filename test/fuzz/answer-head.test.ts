import fc from 'fast-check'
import { expect } from 'vitest'
import { AnswerHead } from '../../daemon/http/answer-head.ts'
import { bytes } from '../helpers/bytes.ts'
import { fuzz } from './campaign.ts'
import { inputs, pieces } from './input.ts'

const line = fc.constantFrom(
  ...['HTTP/1.1 200 OK', 'HTTP/1.0 304 x', 'HTTP/1.1 100 Continue', 'HTTP/1.1 101 x', 'HTTP/1.1 99', 'ICY 200'],
)
const field = fc.constantFrom(
  ...[
    'Connection: close, x',
    'connection : keep-alive',
    'Connection:',
    'X: y',
    ' folded',
    'Keep-Alive: 5',
    'Upgrade: h2',
  ],
  ...['Content-Length: 3', 'Transfer-Encoding: chunked', 'no field', ':', 'Proxy-Authenticate: Basic'],
)
const head = fc
  .tuple(line, fc.array(field, { maxLength: 5 }), fc.constantFrom('\r\n', '\r\n', '\n'))
  .map(([first, fields, end]) => `${[first, ...fields].join(end)}${end}${end}`)
const answer = fc
  .tuple(fc.array(head, { minLength: 1, maxLength: 3 }), fc.constantFrom('', 'body', '\r\n\r\n'))
  .map(([heads, body]) => bytes(...heads, body))

function passed(said: readonly Uint8Array[]): string {
  const editor = new AnswerHead()
  return Buffer.concat([...said.map((piece) => editor.edit(piece)), editor.end()]).toString('latin1')
}

/** Where the first head is that is no interim answer's, if there is one that is to tell of the end. */
function finalHead(text: string): [start: number, end: number] | undefined {
  for (let start = 0, end = start; ; start = end) {
    const rest = text.slice(start)
    const status = Number(/^HTTP\/1\.\d +(\d{3})(?!\d)/.exec(rest)?.[1])
    const blank = /\n\r?\n/.exec(rest)
    if (!blank || Number.isNaN(status) || status < 100 || status === 101) return undefined
    end = start + blank.index + blank[0].length
    if (status >= 200) return [start, end]
  }
}

fuzz({
  name: 'answer head',
  inputs: inputs(answer),
  runs: 3000,
  async start() {
    return (input) => {
      const said = Buffer.from(input.said).toString('latin1')
      const whole = passed([input.said])
      expect(passed(pieces(input))).toBe(whole)
      const [start, end] = finalHead(said) ?? [said.length, said.length]
      // All around it is what it was, and of its lines one is new.
      const after = whole.slice(start, whole.length - (said.length - end))
      expect(whole).toBe(said.slice(0, start) + after + said.slice(end))
      const lines = said.slice(start, end).split('\n')
      const added = after.split('\n').filter((each) => !lines.includes(each))
      expect(added.filter((each) => !/^Connection: close\r?$/.test(each))).toEqual([])
      if (start < end) expect(after).toMatch(/\nConnection: close\r?\n\r?\n$/)
      const told = after.split('\n').filter((each) => /^connection[ \t]*:/i.test(each))
      expect(told).toHaveLength(start < end ? 1 : 0)
    }
  },
})
