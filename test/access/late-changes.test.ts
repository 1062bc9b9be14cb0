import { expect, it } from 'vitest'
import { LateChanges } from '../../daemon/access/late-changes.ts'
import { Refusal } from '../../daemon/refusal.ts'
import { StoreError } from '../../daemon/store/store.ts'

it('a change that another daemon has overtaken is undone, told, and keeps no other one', async () => {
  const told: string[] = []
  const late = new LateChanges((message) => void told.push(message), 2 ** 31 - 1)
  let why: Error = new StoreError('away', 'it does not answer')
  expect(await late.store('the rules', () => Promise.reject(why))).toBe(false)
  expect(await late.store('user "bob"', () => Promise.reject(why))).toBe(false)
  await expect(late.settle()).rejects.toThrow('it does not answer')
  why = new Refusal('conflict', 'another node has changed the rules meanwhile')
  await late.settle()
  expect(late.waiting).toEqual([])
  expect(told).toContain(
    'the change to the rules is undone, make it again: another node has changed the rules meanwhile',
  )
  await expect(late.store('the rules', () => Promise.reject(why))).rejects.toThrow(why)
  expect(late.waiting).toEqual([])
})
