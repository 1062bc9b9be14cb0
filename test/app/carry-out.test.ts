import { expect, test } from 'vitest'
import { parseCommands } from '../../shared/commands/parse.ts'
import { RpcError } from '../../shared/protocol/errors.ts'
import { resultLines } from '../../tui/app/keys/command-handlers.ts'
import { carryOut } from '../../tui/app/link/carry-out.ts'

type Call = Parameters<typeof carryOut>[1]

/** Carry out a line; each call resolves to what `answer` gives. */
async function results(line: string, answer: (method: string) => unknown) {
  const called: string[] = []
  const call = async (method: string) => {
    called.push(method)
    return answer(method)
  }
  return { called, results: await carryOut(parseCommands(line), call as Call) }
}

test('a password that was made is told even if a later command fails, which ends the line', async () => {
  const { called, results: came } = await results('adduser bob; stats; users', (method) => {
    if (method === 'status.get') throw new RpcError('busy', 'too much to do')
    return {}
  })
  expect(called).toEqual(['users.add', 'status.get'])
  expect(resultLines(came)).toEqual([
    'the password of bob, shown only now:',
    expect.stringMatching(/^[a-km-np-z2-9]{26}$/),
    '! stats: too much to do; try again',
  ])
})

test.each([
  ['adduser bob --password-stdin', /^adduser: without that flag one is made/],
  ['passwd bob --password-prompt', /^passwd: without that flag one is made/],
  ['log --follow', /^log: .*--exec/],
])('%s needs what the app has not, so nothing is sent', async (line, expected) => {
  const { called, results: came } = await results(line, () => ({}))
  expect(came).toEqual({ outcomes: [], problem: expect.stringMatching(expected) })
  expect(called).toEqual([])
})

test.each(['log.unsubscribe', 'log.subscribe', 'connections.unsubscribe', 'metrics.unsubscribe', 'session.drop'])(
  'raw %s would change what the pages follow, so it is not sent',
  async (method) => {
    const { called, results: came } = await results(`raw ${method} {}`, () => ({}))
    expect(came).toEqual({ outcomes: [], problem: expect.stringMatching(/^raw: .* is for --exec: here it would/) })
    expect(called).toEqual([])
  },
)

test('any other method may be called by hand', async () => {
  expect((await results('raw session.whoami', () => ({ name: 'bob' }))).called).toEqual(['session.whoami'])
})

test('what comes from outside cannot move the cursor, and columns stay aligned', async () => {
  const operator = { name: 'x\u001b[2J', role: 'viewer', sessions: 1, created: 0 }
  const { results: came } = await results('operators', () => ({ operators: [operator, { ...operator, name: '漢字' }] }))
  const lines = resultLines(came)
  expect(lines.join('')).not.toContain('\u001b')
  expect(lines[2]).toMatch(/^漢字 +viewer/)
})

test('an empty table says so', async () => {
  const { results: came } = await results('operators', () => ({ operators: [] }))
  expect(resultLines(came).at(-1)).toBe('(none)')
})
