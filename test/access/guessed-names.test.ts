import { expect, it } from 'vitest'
import { GuessedNames } from '../../daemon/access/guessed-names.ts'

const minute = 60_000

function fail(names: GuessedNames, failures: number, sources: number, at: (i: number) => number = () => 0): void {
  for (let i = 0; i < failures; i++) names.note('bob', `source ${i % sources}`, at(i))
}

it('takes 20 failures from 5 sources in 10 minutes for an attack on the name, and on no other', () => {
  const names = new GuessedNames()
  fail(names, 19, 5)
  expect(names.isAttacked('bob', 0)).toBe(false)
  fail(names, 1, 5)
  expect(names.isAttacked('bob', 10 * minute)).toBe(true)
  expect(names.isAttacked('bob', 10 * minute + 1)).toBe(false)
  expect(names.isAttacked('ann', 0)).toBe(false)
})

it('takes no attack for one that comes from few sources, or slowly', () => {
  const few = new GuessedNames()
  fail(few, 100, 4)
  expect(few.isAttacked('bob', 0)).toBe(false)
  const slow = new GuessedNames()
  fail(slow, 100, 10, (i) => i * minute)
  expect(slow.isAttacked('bob', 99 * minute)).toBe(false)
})

it('lets a source guess three times in 15 seconds at a name', () => {
  const names = new GuessedNames()
  for (const at of [0, 1_000, 2_000]) {
    expect(names.delay('bob', 'here', at)).toBe(0)
    names.note('bob', 'here', at)
  }
  expect(names.delay('bob', 'here', 2_000)).toBe(13_000)
  expect(names.delay('bob', 'there', 2_000)).toBe(0)
  expect(names.delay('ann', 'here', 2_000)).toBe(0)
  expect(names.delay('bob', 'here', 15_000)).toBe(0)
})

it('holds back each of many sources that guess at one name', () => {
  const names = new GuessedNames()
  fail(names, 30, 10)
  for (let i = 0; i < 10; i++) expect(names.delay('bob', `source ${i}`, 0)).toBe(15_000)
})

it('remembers a bounded number of names', () => {
  const names = new GuessedNames()
  fail(names, 20, 5)
  for (let i = 0; i < 4_096; i++) names.note(`name ${i}`, 'here', 0)
  expect(names.isAttacked('bob', 0)).toBe(false)
})
