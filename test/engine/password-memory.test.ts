import { expect, it } from 'vitest'
import { PasswordMemory } from '../../daemon/engine/shared/password-memory.ts'
import { bytes } from '../helpers/bytes.ts'

function remember(memory: PasswordMemory, username: Uint8Array, password: Uint8Array, user: number): boolean {
  return memory.remember({ username, password }, { user, revision: 1 })
}

it('recalls exactly the login that it was told', () => {
  const memory = new PasswordMemory()
  remember(memory, bytes('ab'), bytes('cd'), 3)
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
  remember(memory, bytes(0xff), bytes('p'), 1)
  remember(memory, bytes(0xfe), bytes('p'), 2)
  expect(memory.recall(bytes(0xff), bytes('p'))).toBe(1)
  expect(memory.recall(bytes(0xfe), bytes('p'))).toBe(2)
})

it('keeps the newest password of a name', () => {
  const memory = new PasswordMemory()
  remember(memory, bytes('u'), bytes('old'), 1)
  remember(memory, bytes('u'), bytes('new'), 1)
  expect(memory.recall(bytes('u'), bytes('old'))).toBeUndefined()
  expect(memory.recall(bytes('u'), bytes('new'))).toBe(1)
})

it('forgets a user, and no other', () => {
  const memory = new PasswordMemory()
  remember(memory, bytes('a'), bytes('p'), 1)
  remember(memory, bytes('b'), bytes('p'), 2)
  memory.userChanged(1, 1)
  expect(memory.recall(bytes('a'), bytes('p'))).toBeUndefined()
  expect(memory.recall(bytes('b'), bytes('p'))).toBe(2)
})

it('forgets the oldest when it is full', () => {
  const memory = new PasswordMemory(2)
  for (const [i, name] of ['a', 'b', 'a', 'c'].entries()) remember(memory, bytes(name), bytes('p'), i + 1)
  expect(['a', 'b', 'c'].map((name) => memory.recall(bytes(name), bytes('p')))).toEqual([3, undefined, 4])
})

it('admits nobody by an answer from before a change to that user, and others by it', () => {
  const memory = new PasswordMemory()
  const ann = { username: bytes('ann'), password: bytes('p') }
  const bob = { ...ann, username: bytes('bob') }
  memory.userChanged(1, 5)
  expect(memory.remember(ann, { user: 1, revision: 4 })).toBe(false)
  expect(memory.recall(ann.username, ann.password)).toBeUndefined()
  expect(memory.remember(bob, { user: 2, revision: 4 })).toBe(true)
  expect(memory.remember(ann, { user: 1, revision: 5 })).toBe(true)
  expect(memory.recall(ann.username, ann.password)).toBe(1)
})
