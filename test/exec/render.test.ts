import { expect, test } from 'vitest'
import { render } from '../../tui/exec/render.ts'

const table = {
  heading: ['NAME', 'UP', 'WHERE'],
  right: [1],
  rows: [
    ['bob', '10 B', 'here'],
    ['alexandra', '5.00 KiB', ''],
  ],
}

test('a table is aligned, with nothing after the last word of a line', async () => {
  expect(await render({ data: 0, view: table }, false)).toBe(
    ['NAME             UP  WHERE', 'bob            10 B  here', 'alexandra  5.00 KiB', ''].join('\n'),
  )
})

test('a row may have fewer cells than those above it', async () => {
  const rows = [
    ['+', 'user', 'bob'],
    ['', 'more'],
  ]
  expect(await render({ data: 0, view: { rows } }, false)).toBe('+  user  bob\n   more\n')
})

test('an empty table is its heading, or nothing', async () => {
  expect(await render({ data: 0, view: { ...table, rows: [] } }, false)).toBe('NAME  UP  WHERE\n')
  expect(await render({ data: 0, view: { rows: [] } }, false)).toBe('')
})

test('columns count what a terminal shows: wide characters two, marks none', async () => {
  const rows = [
    ['日本', 'x'],
    ['e\u0301', 'x'],
    ['abcd', 'x'],
  ]
  expect(await render({ data: 0, view: { rows } }, false)).toBe('日本  x\ne\u0301     x\nabcd  x\n')
})

test('a line is a line, and none is nothing', async () => {
  expect(await render({ data: 0, view: 'done' }, false)).toBe('done\n')
  expect(await render({ data: 0, view: '' }, false)).toBe('')
})

test('outside text is made safe in lines, in cells and in JSON', async () => {
  const evil = '\u001b[2J\n\u202e'
  expect(await render({ data: 0, view: `deleted ${evil}` }, false)).toBe('deleted ␛[2J␊�\n')
  expect(await render({ data: 0, view: { rows: [[evil, 'x']] } }, false)).toBe('␛[2J␊�  x\n')
  expect(await render({ data: { name: evil }, view: 'x' }, true)).toBe('{"name":"\\u001b[2J\\n\\u202e"}\n')
})
