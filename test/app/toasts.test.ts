import { describe, expect, test } from 'vitest'
import { clearMessage, markRead, noToasts, say, type Toasts } from '../../tui/app/state/toasts.ts'

const good = (toasts: Toasts, text: string, at = 0) => say(toasts, text, 'good', at)
const bad = (toasts: Toasts, text: string, at = 0) => say(toasts, text, 'bad', at)

describe('what is said', () => {
  test('is shown until something else is, with how many others came meanwhile', () => {
    const toasts = good(good(good(noToasts, 'one'), 'two'), 'three')
    expect(toasts.shown?.text).toBe('three')
    expect(toasts.more).toBe(2)
    expect(good(clearMessage(toasts), 'four').more).toBe(0)
    expect(good(markRead(toasts), 'four')).toMatchObject({ shown: { text: 'four' }, more: 0 })
  })

  test('does not hide a failure that was told before, but a failure hides anything', () => {
    const toasts = good(bad(noToasts, 'refused'), 'done')
    expect(toasts.shown?.text).toBe('refused')
    expect(toasts.more).toBe(1)
    expect(bad(toasts, 'refused again').shown?.text).toBe('refused again')
  })

  test('a key puts a failure away, and leaves a success', () => {
    expect(markRead(bad(noToasts, 'refused')).shown).toBeNull()
    expect(markRead(good(noToasts, 'done')).shown?.text).toBe('done')
  })

  test('is counted if it is the same again, and listed once, with its last time', () => {
    const toasts = bad(bad(bad(noToasts, 'refused', 1), 'refused', 2), 'refused', 3)
    expect(toasts.history).toEqual([{ text: 'refused', tone: 'bad', at: 3, times: 3 }])
    expect(toasts.more).toBe(0)
  })

  test('is kept after it was put away, the last hundred of it', () => {
    let toasts = noToasts
    for (let at = 0; at < 150; at++) toasts = clearMessage(good(toasts, `number ${at}`, at))
    expect(toasts.shown).toBeNull()
    expect(toasts.history).toHaveLength(100)
    expect(toasts.history.at(-1)?.text).toBe('number 149')
  })
})
