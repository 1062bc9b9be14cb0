import { expect, it } from 'vitest'
import { PasswordMemory } from '../../daemon/engine/password-memory.ts'
import { bytes } from '../helpers/bytes.ts'

it('recalls exactly the login that it was told', () => {
  const memory = new PasswordMemory()
  memory.remember(bytes('ab'), bytes('cd'), 3)
  expect(memory.recall(bytes('ab'), bytes('cd'))).toBe(3)
  for (const [username, password] of [
    ['ab', 'ce'],
    ['ab', ''],
    ['ab', 'cd\0'],
    ['abc', 'd'],
    ['a', 'bcd'],
    ['AB', 'cd'],
  ] as const) {
    expect(memory.recall(bytes(username), bytes(password))).toBeUndefined()
  }
})

it('keeps names apart that are no text', () => {
  const memory = new PasswordMemory()
  memory.remember(bytes(0xff), bytes('p'), 1)
  memory.remember(bytes(0xfe), bytes('p'), 2)
  expect(memory.recall(bytes(0xff), bytes('p'))).toBe(1)
  expect(memory.recall(bytes(0xfe), bytes('p'))).toBe(2)
})

it('keeps the newest password of a name', () => {
  const memory = new PasswordMemory()
  memory.remember(bytes('u'), bytes('old'), 1)
  memory.remember(bytes('u'), bytes('new'), 1)
  expect(memory.recall(bytes('u'), bytes('old'))).toBeUndefined()
  expect(memory.recall(bytes('u'), bytes('new'))).toBe(1)
})

it('forgets a user, and no other', () => {
  const memory = new PasswordMemory()
  memory.remember(bytes('a'), bytes('p'), 1)
  memory.remember(bytes('b'), bytes('p'), 2)
  memory.forget(1)
  expect(memory.recall(bytes('a'), bytes('p'))).toBeUndefined()
  expect(memory.recall(bytes('b'), bytes('p'))).toBe(2)
})

it('forgets the oldest when it is full', () => {
  const memory = new PasswordMemory(2)
  for (const [i, name] of ['a', 'b', 'a', 'c'].entries()) memory.remember(bytes(name), bytes('p'), i + 1)
  expect(['a', 'b', 'c'].map((name) => memory.recall(bytes(name), bytes('p')))).toEqual([3, undefined, 4])
})
