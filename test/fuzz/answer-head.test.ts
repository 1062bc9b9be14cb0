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
  const editor = new AnswerHead(false)
  return Buffer.concat([...said.map((piece) => editor.edit(piece)), editor.end()]).toString('latin1')
}

/** The interim answers that go on, where the answer begins behind all of them, and where its head ends, if it is one. */
function read(text: string): { interim: string; start: number; end: number | undefined } {
  for (let start = 0, end = start, interim = ''; ; start = end) {
    const rest = text.slice(start)
    const status = Number(/^HTTP\/1\.\d +(\d{3})(?!\d)/.exec(rest)?.[1])
    const blank = /\n\r?\n/.exec(rest)
    const isHead = blank !== null && status >= 100 && status !== 101
    if (!isHead) return { interim, start, end: undefined }
    end = start + blank.index + blank[0].length
    if (status >= 200) return { interim, start, end }
    if (status === 100) interim += text.slice(start, end)
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
      const { interim, start, end } = read(said)
      expect(whole.startsWith(interim)).toBe(true)
      const told = whole.slice(interim.length)
      const rest = said.slice(end ?? start)
      expect(told.endsWith(rest)).toBe(true)
      const head = told.slice(0, told.length - rest.length)
      if (end === undefined) {
        expect(head).toMatch(rest === '' ? /^$/ : /^HTTP\/1\.1 502 .*\r\nConnection: close\r\n(.+\r\n)*\r\n.+\n$/)
        return
      }
      // All around it is what it was, and of its lines one is new.
      const lines = said.slice(start, end).split('\n')
      const added = head.split('\n').filter((each) => !lines.includes(each))
      expect(added.filter((each) => !/^Connection: close\r?$/.test(each))).toEqual([])
      expect(head).toMatch(/\nConnection: close\r?\n\r?\n$/)
      expect(head.split('\n').filter((each) => /^connection[ \t]*:/i.test(each))).toHaveLength(1)
    }
  },
})
