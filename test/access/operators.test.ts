import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { LateChanges } from '../../daemon/access/late-changes.ts'
import { Operators } from '../../daemon/access/operators.ts'
import { openStore } from '../../daemon/store/open-store.ts'
import { StoreError } from '../../daemon/store/store.ts'
import { beginClient, beginServer } from '../../shared/protocol/scram.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'
import { FakeOperatorStore } from './fake-operator-store.ts'

const password = 'a password'
const late = new LateChanges(() => {})
const ignore = () => {}

/** Whether a login with this password would succeed. */
function admits(operators: Operators, name: string, secret: string): boolean {
  const ring = { keysOf: (user: string) => operators.credentialsOf(user)?.keys, decoySecret: Buffer.alloc(32) }
  const client = beginClient(name)
  const server = beginServer(client.message, ring)
  try {
    const answer = client.answer(server.message, secret)
    answer.verify(server.finish(answer.message))
    return true
  } catch {
    return false
  }
}

it('admits an operator with their password, also after a restart', async () => {
  const store = new FakeOperatorStore()
  const operators = await Operators.load(store, late)
  await operators.add({ name: 'ann', role: 'operator', password })
  for (const each of [operators, await Operators.load(store, late)]) {
    expect(admits(each, 'ann', password)).toBe(true)
    expect(admits(each, 'ann', 'another')).toBe(false)
    expect(admits(each, 'bob', password)).toBe(false)
    expect(each.credentialsOf('ann')?.role).toBe('operator')
  }
})

it('keeps no password anywhere', async () => {
  const folder = await temporaryFolder()
  const store = await openStore(folder)
  onTestFinished(() => store.close())
  const operators = await Operators.load(store.operators, late)
  await operators.add({ name: 'ann', role: 'operator', password: 'a very secret text' })
  await operators.setPassword('ann', 'another secret text', ignore)
  const files = readdirSync(folder).map((file) => readFileSync(join(folder, file), 'latin1'))
  expect(files.some((content) => content.includes('ann'))).toBe(true)
  expect(files.filter((content) => content.includes('secret'))).toEqual([])
  expect(JSON.stringify(operators.list())).not.toContain('alt')
})

it('lists by name, in code point order', async () => {
  const operators = await Operators.load(new FakeOperatorStore(), late)
  for (const name of ['b', 'a', '\u{20000}', '\uffdc', 'B']) await operators.add({ name, role: 'viewer', password })
  expect(operators.list().map(({ name }) => name)).toEqual(['B', 'a', 'b', '\uffdc', '\u{20000}'])
})

it('refuses a name that is taken, also of two at once', async () => {
  const operators = await Operators.load(new FakeOperatorStore(), late)
  // Whose password is hashed first is not to be known.
  const both = await Promise.allSettled([
    operators.add({ name: 'ann', role: 'viewer', password }),
    operators.add({ name: 'ann', role: 'admin', password }),
  ])
  expect(both.filter(({ status }) => status === 'rejected')).toMatchObject([{ reason: { kind: 'exists' } }])
  expect(operators.credentialsOf('ann')?.role).toBe(both[0].status === 'fulfilled' ? 'viewer' : 'admin')
})

it('refuses changes to one who is not there', async () => {
  const operators = await Operators.load(new FakeOperatorStore(), late)
  const changes = [
    operators.remove('ann', ignore),
    operators.setPassword('ann', password, ignore),
    operators.setRole('ann', 'admin', ignore),
  ]
  for (const change of changes) await expect(change).rejects.toMatchObject({ kind: 'not_found' })
})

it('has room for 500', async () => {
  const store = new FakeOperatorStore()
  const keys = { salt: Buffer.alloc(16), iterations: 4096, storedKey: Buffer.alloc(32), serverKey: Buffer.alloc(32) }
  for (let i = 0; i < 499; i++) await store.insert({ name: `x${i}`, role: 'viewer', created: 0, ...keys })
  const operators = await Operators.load(store, late)
  await operators.add({ name: 'ann', role: 'viewer', password })
  const refusal = operators.add({ name: 'bob', role: 'viewer', password })
  await expect(refusal).rejects.toMatchObject({ kind: 'conflict', message: expect.stringContaining('500') })
  await operators.remove('ann', ignore)
  await operators.add({ name: 'bob', role: 'viewer', password })
})

it('gives nobody more while the disk takes nothing', async () => {
  const store = new FakeOperatorStore()
  const operators = await Operators.load(store, late)
  await operators.add({ name: 'ann', role: 'viewer', password })
  store.fails = true
  const changes = [
    () => operators.add({ name: 'bob', role: 'viewer', password }),
    () => operators.setRole('ann', 'admin', ignore),
  ]
  for (const change of changes) await expect(change()).rejects.toMatchObject({ kind: 'unavailable' })
  expect(operators.list()).toMatchObject([{ name: 'ann', role: 'viewer' }])
  expect(admits(operators, 'ann', password)).toBe(true)
})

it('takes away what is to be, whether the disk takes it or not, and stores it later', async () => {
  const store = new FakeOperatorStore()
  const late = new LateChanges(() => {})
  onTestFinished(() => late.close())
  const operators = await Operators.load(store, late)
  for (const name of ['ann', 'bob', 'cid']) await operators.add({ name, role: 'admin', password })
  store.fails = true
  const stored = [
    await operators.remove('ann', ignore),
    await operators.setPassword('bob', 'another one', ignore),
    await operators.setRole('cid', 'viewer', ignore),
  ]
  expect(stored).toEqual(Array(3).fill({ stored: false }))
  expect(operators.credentialsOf('ann')).toBeUndefined()
  expect(admits(operators, 'bob', password)).toBe(false)
  expect(operators.credentialsOf('cid')?.role).toBe('viewer')

  store.fails = false
  await late.settle()
  const restarted = await Operators.load(store, late)
  expect(restarted.list()).toEqual(operators.list())
  expect(admits(restarted, 'bob', 'another one')).toBe(true)
})

it('gives the same keys until the password changes, and the role at once', async () => {
  const operators = await Operators.load(new FakeOperatorStore(), late)
  await operators.add({ name: 'ann', role: 'viewer', password })
  const before = operators.credentialsOf('ann')
  await operators.setRole('ann', 'admin', ignore)
  expect(operators.credentialsOf('ann')?.role).toBe('admin')
  expect(operators.credentialsOf('ann')?.keys).toBe(before?.keys)
  await operators.setPassword('ann', password, ignore)
  expect(operators.credentialsOf('ann')?.keys).not.toEqual(before?.keys)
})

it('takes over what another daemon has changed, and tells whose sessions are to end', async () => {
  const store = new FakeOperatorStore()
  const here = await Operators.load(store, late)
  for (const name of ['ann', 'bob', 'cid', 'dan']) await here.add({ name, role: 'operator', password })
  const there = await Operators.load(store, late)
  const login = here.credentialsOf('dan')?.keys
  await there.remove('ann', ignore)
  await there.setPassword('bob', 'another', ignore)
  await there.setRole('cid', 'viewer', ignore)
  await there.add({ name: 'eve', role: 'admin', password })
  const parting: string[] = []
  const part = (...parted: [string, string]) => void parting.push(parted.join(': '))
  await here.adopt(part)
  expect(parting).toEqual(['ann: removed', 'bob: password', 'cid: role'])
  expect(here.list()).toEqual(there.list())
  expect([admits(here, 'bob', password), admits(here, 'bob', 'another'), admits(here, 'eve', password)]).toEqual([
    false,
    true,
    true,
  ])
  expect(here.credentialsOf('dan')?.keys).toBe(login)
  await here.adopt(part)
  expect(parting).toHaveLength(3)
})

it('does not give back, by what another daemon has changed, what is not stored yet', async () => {
  const store = new FakeOperatorStore()
  const late = new LateChanges(() => {}, 2 ** 31 - 1)
  const here = await Operators.load(store, late)
  for (const name of ['ann', 'bob']) await here.add({ name, role: 'admin', password })
  const there = await Operators.load(store, late)
  store.fails = true
  await here.remove('ann', ignore)
  await expect(here.adopt(ignore)).rejects.toThrow(StoreError)
  expect(here.credentialsOf('ann')).toBeUndefined()
  store.fails = false
  await there.setRole('bob', 'viewer', ignore)
  await here.adopt(ignore)
  expect(here.list()).toMatchObject([{ name: 'bob', role: 'viewer' }])
})

it('changes nothing of an operator but what is to be changed, though another daemon has changed the rest meanwhile', async () => {
  const store = new FakeOperatorStore()
  const late = new LateChanges(() => {}, 2 ** 31 - 1)
  const here = await Operators.load(store, late)
  for (const name of ['ann', 'bob', 'cid', 'dan']) await here.add({ name, role: 'admin', password })
  const there = await Operators.load(store, new LateChanges(() => {}))
  // This one cannot reach the store for a while.
  store.fails = true
  await here.setRole('ann', 'viewer', ignore)
  await here.setPassword('bob', 'by himself', ignore)
  await here.setRole('cid', 'operator', ignore)
  await here.setPassword('cid', 'by her', ignore)
  await here.setRole('dan', 'viewer', ignore)
  store.fails = false
  await there.setPassword('ann', 'since the other is known', ignore)
  await there.setRole('bob', 'viewer', ignore)
  await there.remove('dan', ignore)
  await new Promise((resolve) => setTimeout(resolve, 2))
  await there.add({ name: 'dan', role: 'admin', password })
  await here.adopt(ignore)
  await there.adopt(ignore)
  for (const each of [here, there]) {
    const roles = Object.fromEntries(each.list().map(({ name, role }) => [name, role]))
    expect(roles).toEqual({ ann: 'viewer', bob: 'viewer', cid: 'operator', dan: 'admin' })
    expect(admits(each, 'ann', password)).toBe(false)
    expect(admits(each, 'bob', 'by himself')).toBe(true)
    expect(admits(each, 'cid', 'by her')).toBe(true)
  }
})

it('refuses to raise one whom another daemon has removed', async () => {
  const store = new FakeOperatorStore()
  const here = await Operators.load(store, late)
  await here.add({ name: 'ann', role: 'viewer', password })
  await (await Operators.load(store, late)).remove('ann', ignore)
  await expect(here.setRole('ann', 'admin', ignore)).rejects.toMatchObject({ kind: 'not_found' })
})
