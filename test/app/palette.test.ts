import { describe, expect, test } from 'vitest'
import { type Offer, offersAt, searchOffers } from '../../tui/app/keys/palette.ts'
import { type State, stateAt } from '../../tui/app/state/state.ts'
import { fieldOf } from '../../tui/app/text/edit.ts'

const offer = (title: string, label = ''): Offer => ({ title, label, act: { do: 'press', keys: ['x'] } })
const found = (offers: readonly Offer[], wanted: string) => searchOffers(offers, wanted).map(({ title }) => title)

describe('the search', () => {
  const offers = ['filter the rows', 'add a user', 'disable the selected user', 'the users'].map((title) =>
    offer(title),
  )

  test('finds letters in their order, wherever they are, and nothing else', () => {
    expect(found(offers, 'dsu')).toEqual(['disable the selected user'])
    expect(found(offers, 'usd')).toEqual([])
    expect(found(offers, 'zzz')).toEqual([])
  })

  test('puts starts of words first, and letters side by side before scattered ones', () => {
    expect(found(offers, 'au')[0]).toBe('add a user')
    expect(found(offers, 'users')[0]).toBe('the users')
    expect(found([offer('end; the live ones go'), offer('the log')], 'log')[0]).toBe('the log')
    expect(found([offer('a-b-c'), offer('xabc'), offer('abc')], 'abc')).toEqual(['abc', 'a-b-c', 'xabc'])
  })

  test('is regardless of case and spaces, looks into labels, and shows all for nothing', () => {
    expect(found(offers, 'ADD user')).toEqual(['add a user'])
    expect(found([offer('keep out', ':disable NAME'), offer('x')], 'disable')).toEqual(['keep out'])
    expect(found(offers, '')).toHaveLength(offers.length)
  })
})

describe('what is offered', () => {
  const offers = (change: Partial<State>, wanted = '') =>
    offersAt({ ...stateAt(['here']), ...change }, { kind: 'palette', field: fieldOf(wanted), chosen: 0 })

  test('is what the page and the role allow: keys, pages and commands', () => {
    const admin = offers({ page: 'users', role: 'admin' })
    expect(admin).toContainEqual({ title: 'add a user', label: 'a', act: { do: 'press', keys: ['a'] } })
    expect(admin).toContainEqual({ title: 'the overview', label: '1', act: { do: 'press', keys: ['1'] } })
    expect(admin.find(({ label }) => label === ':adduser NAME')?.act).toEqual({ do: 'type', text: 'adduser ' })
    expect(admin.find(({ label }) => label === ':stats')?.act).toEqual({ do: 'type', text: 'stats' })
    const viewer = offers({ page: 'users', role: 'viewer' })
    expect(viewer.some(({ title }) => title === 'add a user')).toBe(false)
    expect(viewer.some(({ label }) => label.startsWith(':adduser'))).toBe(false)
    expect(offers({ page: 'log', role: 'admin' }).some(({ title }) => title === 'add a user')).toBe(false)
  })

  test('does not offer the palette itself', () => {
    expect(offers({ role: 'admin' }).some(({ label }) => label.includes('Ctrl-k'))).toBe(false)
  })
})
