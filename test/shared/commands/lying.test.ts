import { expect, test } from 'vitest'
import { verbs } from '../../../shared/commands/verbs.ts'
import { safeText } from '../../../shared/format/safe-text.ts'
import { RpcError } from '../../../shared/protocol/errors.ts'
import { failureOf } from '../../../tui/exec/failure.ts'
import { judged } from '../../../tui/exec/judged.ts'
import { render } from '../../../tui/exec/render.ts'
import { eventExamples, examples } from '../../docs/examples.ts'
import { runCommand } from './fake-context.ts'

/** What moves a cursor, colours a screen, turns the writing direction, or hides. */
const unsafe = '\u001b[2J\u202e\u0007\n\u200b\ud800'

/** An answer with one part of it after the other missing, or something else. */
function* lies(truth: unknown): Generator<unknown> {
  yield* [undefined, {}, null, 'word', [], true, -1.5, 1e300, [null], unsafe]
  if (typeof truth !== 'object' || truth === null) return
  for (const [name, part] of Object.entries(truth))
    for (const lie of lies(part)) yield Array.isArray(truth) ? truth.with(Number(name), lie) : { ...truth, [name]: lie }
}

/** What everything is asked of answers so, unless a test has it lie. */
const truths: Readonly<Record<string, unknown>> = Object.fromEntries([
  // The only page of each list.
  ...Object.entries(examples).map(([method, { result }]) => [method, { ...result, next: undefined }]),
  ...Object.entries(eventExamples),
])

/** What is written for a command, that it is refused as an answer that makes no sense, or that a daemon refuses it. */
async function shownOf(line: string, told: string, answer: unknown): Promise<string> {
  const answers = Object.entries({ ...truths, [told]: answer }).map(([name, each]) => [
    name,
    name in examples ? () => each : [each],
  ])
  try {
    const { outcomes } = await runCommand(
      line,
      Object.fromEntries(answers),
      'a password',
      ['new text'],
      imported,
      judged,
    )
    const texts = outcomes.map(async (outcome) => [
      await render(outcome, false),
      await render(outcome, true),
      // As `complain` does.
      ...[...(outcome.warnings ?? []), outcome.problem ?? ''].map((text) => `${safeText(text)}\n`),
    ])
    return (await Promise.all(texts)).flat().join('')
  } catch (error) {
    if (error instanceof RpcError) return error.message
    return failureOf(error).message
  }
}

const imported = JSON.stringify({
  proxyd: 1,
  groups: [{ name: 'staff', limits: {} }],
  users: [{ name: 'bob', password: 'a password' }],
  rules: ['allow all'],
  settings: { 'timeout-idle': 600 },
  bans: [{ source: '192.0.2.7', until: null }],
  watches: [{ name: 'ours', text: 'rate>10MB/s user:bob' }],
  operators: [{ name: 'ann', role: 'admin' }],
})

/** A line for each verb, and for each of its ways to ask a daemon. */
const lines = [
  ...['adduser eve', 'deluser bob', 'passwd bob', 'enable bob', 'disable bob', 'users', 'users restore bob'],
  ...[
    'users set bob quota=1GB',
    'users reset-quota bob',
    'groups',
    'groups add crew quota=1GB',
    'groups set staff quota=1GB',
  ],
  ...[
    'groups remove staff',
    'usage',
    'usage bob --by user',
    'usage --csv',
    'connections',
    'connections bob',
    'connection k3fq-17',
  ],
  ...['closed', 'cut k3fq-17', 'cut user=bob', 'access', 'access --follow', 'events', 'events --follow', 'watches'],
  ...[
    'watches add ours rate>10MB/s user:bob',
    'watches remove ours',
    'rules',
    'rules add deny all',
    'rules add deny all --dry-run',
  ],
  ...['rules insert 1 deny all', 'rules replace 16 deny all', 'rules move 1 2', 'rules remove 1', 'rules apply x'],
  ...[
    'rules apply x --dry-run',
    'rules edit',
    'rules test bob example.com:443',
    'bans',
    'ban 192.0.2.7',
    'unban 192.0.2.7',
  ],
  ...[
    'operators',
    'addoperator joe',
    'deloperator ann',
    'passwdoperator ann',
    'role ann admin',
    'role ann admin --was viewer',
  ],
  ...[
    'sessions',
    'audit',
    'get',
    'get timeout-idle',
    'set timeout-idle 10m',
    'set timeout-idle --default',
    'export',
    'export x',
  ],
  ...[
    'import x',
    'import x --dry-run',
    'backup x',
    'log',
    'log --follow',
    'health',
    'stats',
    'whoami',
    'drain',
    'undrain',
  ],
  ...['reload', 'upgrade', 'shutdown', 'raw status.get', 'nodes', 'nodes users', 'nodes drain a', 'nodes undrain a'],
  ...['nodes forget a', 'help'],
]

test('there is a line for each verb', () => {
  const missing = Object.keys(verbs).filter((verb) => !lines.some((line) => `${line} `.startsWith(`${verb} `)))
  expect(missing).toEqual([])
})

/** What no person is to read, be it in a table, in JSON or in an error. */
const nonsense =
  /NaN|undefined|Infinity|\[object|Cannot read|is not (a function|iterable)|Invalid time|\p{Cf}|[^\P{Cc}\n]/u

test.each(lines)('%s shows what a daemon does not tell, or tells as something else, as unknown', async (line) => {
  const asked = Object.fromEntries(
    Object.entries(truths).map(([name, answer]) => [name, name in examples ? () => answer : [answer]]),
  )
  const { calls } = await runCommand(line, asked, 'a password', ['new text'], imported)
  const told = new Set(calls.map(([name, params]) => (name === '(events)' ? (params as string) : name)))
  for (const name of told)
    for (const lie of lies(truths[name]))
      expect(await shownOf(line, name, lie), JSON.stringify(lie)).not.toMatch(nonsense)
})

test('health says of nothing that it works unless the daemon says so, and of the rest what it tells', async () => {
  const { result } = examples['status.get']
  const { store, names: _, ...health } = { ...result.health, accessLog: { problem: null, dropped: 'many' } }
  const { problem: __, ...mute } = store
  const text = await shownOf('health', 'status.get', { ...result, health: { ...health, store: mute } })
  expect(text).toMatch(/^store +\?$/m)
  expect(text).toMatch(/^access log +works, \? connections missing$/m)
  expect(text).toMatch(/^names +\? being looked up; in the last minute \? failed, \? ms the slowest$/m)
  expect(text).toMatch(/^memory +[\d.]+ [KM]iB$/m)
})
