import { expect, test } from 'vitest'
import type { Method } from '../../../shared/protocol/methods.ts'
import { cellText } from '../../../tui/exec/render.ts'
import { examples } from '../../docs/examples.ts'
import { runCommand } from './fake-context.ts'

/** An answer with one part of it after the other missing, or something else. */
function* lies(truth: unknown): Generator<unknown> {
  yield* [undefined, {}, null, 'word', [], true]
  if (typeof truth !== 'object' || truth === null) return
  for (const [name, part] of Object.entries(truth))
    for (const lie of lies(part)) yield Array.isArray(truth) ? truth.with(Number(name), lie) : { ...truth, [name]: lie }
}

/** What a person is shown of the answer, or that it is refused as one that makes no sense. */
async function shownOf(line: string, method: Method, answer: unknown): Promise<string> {
  const { outcome } = await runCommand(line, { [method]: () => answer }).catch((error: unknown) => {
    // As `failureOf` takes it.
    if (error instanceof TypeError || error instanceof RangeError) return { outcome: undefined }
    throw error
  })
  if (outcome === undefined) return 'it makes no sense'
  const { view } = outcome
  return typeof view === 'string' ? view : view.rows.map((row) => row.map(cellText)).join('\n')
}

test.each([
  ['health', 'status.get'],
  ['stats', 'status.get'],
  ['whoami', 'session.whoami'],
  ['reload', 'daemon.reload'],
  ['upgrade', 'daemon.upgrade'],
  ['backup x', 'transfer.backup'],
  ['nodes users', 'nodes.users'],
] as const)('%s shows what a daemon does not tell, or tells as something else, as unknown', async (line, method) => {
  const { result } = examples[method]
  expect(await shownOf(line, method, result)).not.toContain('?')
  for (const lie of lies(result)) expect(await shownOf(line, method, lie)).not.toMatch(/NaN|undefined|\[object|null/)
})

test('health says of nothing that it works unless the daemon says so, and of the rest what it tells', async () => {
  const { result } = examples['status.get']
  const { store, names: _, ...health } = { ...result.health, accessLog: { problem: null, dropped: 'many' } }
  const { problem: __, ...mute } = store
  const text = await shownOf('health', 'status.get', { ...result, health: { ...health, store: mute } })
  expect(text).toMatch(/^store,\?$/m)
  expect(text).toMatch(/^access log,works, \? connections missing$/m)
  expect(text).toMatch(/^names,\? being looked up; in the last minute \? failed, \? ms the slowest$/m)
  expect(text).toMatch(/^memory,[\d.]+ [KM]iB$/m)
})
