import { expect, test } from 'vitest'
import { parseWatch, WatchError, watchText } from '../../shared/filter/watch-text.ts'

test.each([
  ['rate>10MB/s', 'rate>10MB/s for 30s', { kind: 'rate', above: 10_000_000, span: 30_000 }],
  ['rate>8Mbit/s user:bob for 2m', 'rate>1MB/s user:bob for 2m00s', { above: 1_000_000, user: 'bob', span: 120_000 }],
  ['rate>500 for 1s src:10.0.0.0/8', 'rate>500B/s src:10.0.0.0/8 for 1s', { source: '10.0.0.0/8', span: 1000 }],
  ['rate>1k "user:a b"', 'rate>1KiB/s user:"a b" for 30s', { user: 'a b' }],
  ['login-failures>20 for 1m', 'login-failures>20 for 1m00s', { kind: 'login-failures', above: 20, span: 60_000 }],
  ['new-destination user:bob', 'new-destination user:bob', { kind: 'new-destination', user: 'bob' }],
  ['near-limit', 'near-limit', { kind: 'near-limit' }],
  ['near-limit user:bob', 'near-limit user:bob', { kind: 'near-limit', user: 'bob' }],
])('%s', (text, told, terms) => {
  expect(parseWatch(text)).toMatchObject(terms)
  expect(watchText(parseWatch(text))).toBe(told)
  expect(watchText(parseWatch(told))).toBe(told)
})

test.each([
  ['', /begins with rate>10MB\/s/],
  ['nonsense', /begins with/],
  ['rate', /rate>10MB\/s/],
  ['rate>0', /rate>10MB/],
  ['rate>x user:bob', /rate>10MB/],
  ['rate>1 user:bob src:10.0.0.1', /not of both/],
  ['rate>1 user:a user:b', /twice/],
  ['rate>1 for', /for takes/],
  ['rate>1 for 2d', /for takes/],
  ['rate>1 bob', /^bob: a watch takes/],
  ['login-failures>2 user:bob', /by source/],
  ['new-destination', /new-destination user:NAME/],
  ['near-limit for 3s', /near-limit/],
])('%j is refused with what to write', (text, words) => {
  expect(() => parseWatch(text)).toThrow(WatchError)
  expect(() => parseWatch(text)).toThrow(words)
})
