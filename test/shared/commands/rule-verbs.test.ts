import { describe, expect, it } from 'vitest'
import { parseCommands } from '../../../shared/commands/parse.ts'
import { RpcError } from '../../../shared/protocol/errors.ts'
import { runCommand } from './fake-context.ts'

const changed = { revision: 8, added: ['deny to a.example'], removed: [], reordered: false, cut: 2 }

describe('rules', () => {
  it.each([
    ['rules add deny to a.example # ads', 'rules.add', { rule: 'deny to a.example # ads' }],
    [`rules add 'deny user:"bob smith"' --dry-run`, 'rules.add', { rule: 'deny user:"bob smith"', dryRun: true }],
    ['rules insert 2 deny to any', 'rules.insert', { place: 2, rule: 'deny to any' }],
    ['rules move 17 1 --revision 7', 'rules.move', { id: 17, place: 1, ifRevision: 7 }],
    ['rules remove 17 18', 'rules.remove', { ids: [17, 18] }],
    ['rules apply a.txt', 'rules.apply', { text: 'text of a.txt' }],
  ])('%s is sent as one request', async (line, method, params) => {
    const { calls, outcome } = await runCommand(line, { [method]: changed })
    expect(calls).toEqual([[method, params]])
    expect(outcome.view).toEqual({ rows: [['+ deny to a.example'], [expect.stringMatching(/cut 2 connections$/)]] })
  })

  it.each(['rules move x 1', 'rules insert 0 deny', 'rules test bob a.example', 'rules test bob a:80 --cmd listen'])(
    '%s is refused before it is sent',
    (line) => {
      expect(() => parseCommands(line)).toThrow()
    },
  )

  it('gives what is wrong back to whoever edits, with their text, until it is right', async () => {
    const wrong = () =>
      Promise.reject(new RpcError('invalid_params', 'line 1, column 1: a rule begins with allow or deny'))
    const outdated = () => Promise.reject(new RpcError('conflict', 'the rules have changed meanwhile'))
    const list = (revision: number) => ({ revision, rules: [], text: 'deny to any' })
    const answers = { 'rules.list': [list(7), list(9)], 'rules.apply': [wrong(), outdated(), changed] }
    const { edits, calls } = await runCommand('rules edit', answers, '', ['forbid', 'deny', 'deny to a.example'])
    expect(edits).toEqual([
      ['deny to any', undefined],
      ['forbid', 'line 1, column 1: a rule begins with allow or deny'],
      ['deny', 'the rules have changed meanwhile'],
    ])
    expect(calls.at(-1)).toEqual(['rules.apply', { text: 'deny to a.example', ifRevision: 9 }])
  })
})
