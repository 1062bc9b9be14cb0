import { randomBytes, randomInt } from 'node:crypto'
import { expect, it } from 'vitest'
import { Auditor } from '../../../daemon/control/auditor.ts'
import { accounts, loginHandlers } from '../../../daemon/control/handlers/login.ts'
import { LoginFailures } from '../../../daemon/control/login-failures.ts'
import { Session } from '../../../daemon/control/session.ts'
import { RpcError } from '../../../shared/protocol/errors.ts'
import { beginClient } from '../../../shared/protocol/scram.ts'
import { FakeOperators } from '../fake-administration.ts'
import { FakeBackend } from '../fake-backend.ts'

/**
 * What a wrong login costs the daemon, so that its time tells nobody which names there are. Measured at the handlers: a
 * socket's noise, and the delay of each refusal, would hide what patience could still bring to light.
 */

const tries = 1000
/** The first ones, before the code is compiled. */
const warmUp = 200
const outlet = { ready: true, send: () => {} }
const known = ['ann', 'bea', 'cid', 'dan']
const unknown = ['eve', 'fay', 'gus', 'hal']

const log = { info: () => {}, warn: () => {}, error: () => {} }

/** Microseconds of each of the two steps of a login that fails. */
interface Cost {
  readonly begin: number
  readonly finish: number
}

async function wrongLogins(): Promise<(name: string) => Cost> {
  const operators = new FakeOperators()
  for (const name of known) await operators.add({ name, role: 'admin', password: 'long enough' })
  const handlers = loginHandlers({
    find: accounts(operators, '0'.repeat(64)),
    decoySecret: randomBytes(32),
    failures: new LoginFailures(Number.MAX_SAFE_INTEGER),
    auditor: new Auditor(new FakeBackend(), log),
    log,
  })
  return (name) => {
    const session = new Session('tls', '192.0.2.1', outlet, () => {})
    const { message } = beginClient(name)
    const start = process.hrtime.bigint()
    const challenge = handlers['auth.begin']({ mechanism: 'SCRAM-SHA-256', message }, session) as { message: string }
    const middle = process.hrtime.bigint()
    const nonce = /^r=[^,]+/.exec(challenge.message)?.[0]
    const answer = { message: `c=biws,${nonce},p=${randomBytes(32).toString('base64')}` }
    const again = process.hrtime.bigint()
    expectFailure(() => handlers['auth.finish'](answer, session))
    const end = process.hrtime.bigint()
    return { begin: Number(middle - start), finish: Number(end - again) }
  }
}

function expectFailure(login: () => unknown): void {
  try {
    login()
  } catch (error) {
    if (error instanceof RpcError && error.kind === 'auth_failed') return
    throw error
  }
  throw new Error('the login succeeded')
}

/** How often one of the first takes longer than one of the second: a half if they are alike (Mann and Whitney's U). */
function shareLonger(ones: readonly number[], others: readonly number[]): number {
  const sorted = others.toSorted((a, b) => a - b)
  const shorter = ones.map((one) => (countBelow(sorted, one) + countBelow(sorted, one + 1)) / 2)
  return shorter.reduce((sum, count) => sum + count, 0) / (ones.length * others.length)
}

function countBelow(sorted: readonly number[], limit: number): number {
  let [from, to] = [0, sorted.length]
  while (from < to) {
    const middle = (from + to) >> 1
    if ((sorted[middle] as number) < limit) from = middle + 1
    else to = middle
  }
  return from
}

it('takes as long for a known name as for an unknown one', async () => {
  const wrongLogin = await wrongLogins()
  const costs = { known: [] as Cost[], unknown: [] as Cost[] }
  for (let i = 0; i < warmUp + tries; i++) {
    // In turns, and none always first, so that neither has the better of the machine's moods.
    const order = randomInt(2) === 0 ? (['known', 'unknown'] as const) : (['unknown', 'known'] as const)
    for (const kind of order) {
      const names = kind === 'known' ? known : unknown
      const cost = wrongLogin(names[i % names.length] as string)
      if (i >= warmUp) costs[kind].push(cost)
    }
  }
  for (const step of ['begin', 'finish'] as const) {
    const [ones, others] = [costs.known, costs.unknown].map((kind) => kind.map((cost) => cost[step]))
    const share = shareLonger(ones ?? [], others ?? [])
    expect(share, step).toBeGreaterThan(0.4)
    expect(share, step).toBeLessThan(0.6)
  }
})
