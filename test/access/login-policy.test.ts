import { expect, it } from 'vitest'
import { passwordRequired } from '../../daemon/access/login-policy.ts'

it.each([
  { auth: 'auto', mayBeOpen: true, users: 0, required: false },
  { auth: 'auto', mayBeOpen: true, users: 1, required: true },
  { auth: 'auto', mayBeOpen: false, users: 0, required: true },
  { auth: 'auto', mayBeOpen: false, users: 1, required: true },
  { auth: 'required', mayBeOpen: true, users: 0, required: true },
  { auth: 'none', mayBeOpen: true, users: 1, required: false },
] as const)('%j', ({ auth, mayBeOpen, users, required }) => {
  expect(passwordRequired({ auth, mayBeOpen }, users)).toBe(required)
})
