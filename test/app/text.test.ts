import fc from 'fast-check'
import { expect, test } from 'vitest'
import { editField, emptyField, fieldOf } from '../../tui/app/text/edit.ts'
import { breakLines, columnsOf, cut, cutStart, fitText, wrapText } from '../../tui/app/text/fit.ts'

test('a text is padded or cut to exactly its columns, no character torn', () => {
  expect(fitText('abc', 5, '…')).toBe('abc  ')
  expect(fitText('abc', 5, '…', 'right')).toBe('  abc')
  expect(fitText('abcdef', 5, '…')).toBe('abcd…')
  expect(fitText('漢字漢', 4, '…')).toBe('漢… ')
  expect(fitText('e\u0301e\u0301e\u0301', 2, '…')).toBe('e\u0301…')
  expect(fitText('abc', 0, '…')).toBe('')
  expect(cut('漢字', 3)).toBe('漢')
  expect(cutStart('ab漢字', 5)).toBe('b漢字')
  expect(cutStart('漢字', 3)).toBe('字')
})

test('of a text without end only as much is measured as may be shown', () => {
  const endless = 'e\u0301漢'.repeat(300_000)
  expect(fitText(endless, 4, '…')).toBe('e\u0301漢…')
  expect(wrapText(endless, 40, 2, '…')).toHaveLength(2)
  expect(columnsOf(cutStart(endless, 10))).toBeLessThanOrEqual(10)
  expect(breakLines('e\u0301漢'.repeat(20_000), 60)).toHaveLength(1000)
  expect(fitText('\u0301'.repeat(1000), 4, '…')).toMatch(/^\u0301+… {3}$/)
})

test('a text is broken into lines of one character where there is room for none', () => {
  for (const width of [-1, 0, 1]) expect(breakLines('漢 ab', width)).toEqual(expect.arrayContaining(['漢', 'a', 'b']))
  expect(wrapText('漢字', 1, 2, '…')).toEqual(['…', ''])
  expect(wrapText('漢字', 5, 0, '…')).toEqual([])
})

test('a long text is broken at spaces, its middle left out if it is too long even so', () => {
  expect(wrapText('one two three', 9, 2, '…')).toEqual(['one two', 'three'])
  expect(wrapText('one', 9, 2, '…')).toEqual(['one', ''])
  expect(wrapText('at /a/very/long/path', 9, 3, '…')).toEqual(['at /a/ver', 'y/long/pa', 'th'])
  const [first = '', second = ''] = wrapText(`no such file: /${'deep/'.repeat(40)}sock; start proxyd`, 40, 2, '…')
  expect(first).toMatch(/^no such file: \/deep/)
  expect(second).toMatch(/sock; start proxyd$/)
  expect(first + second).toContain('…')
})

test('whatever the text, it takes the columns it should', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 2, max: 40 }), (text, width) => {
      expect(columnsOf(fitText(text.replace(/\p{C}/gu, ''), width, '…'))).toBe(width)
    }),
  )
})

test('a field is edited by whole characters', () => {
  const typed = editField(editField(emptyField, { do: 'insert', text: 'ab' }), { do: 'insert', text: '👍🏽' })
  expect(typed).toEqual(fieldOf('ab👍🏽'))
  expect(editField(typed, { do: 'backspace' })).toEqual(fieldOf('ab'))
  const before = editField(typed, { do: 'left' })
  expect(before.cursor).toBe(2)
  expect(editField(before, { do: 'delete' })).toEqual(fieldOf('ab'))
  expect(editField(before, { do: 'right' })).toEqual(typed)
  expect(editField(before, { do: 'insert', text: 'c' })).toEqual({ text: 'abc👍🏽', cursor: 3 })
  expect(editField(fieldOf('one two '), { do: 'eraseWord' })).toEqual(fieldOf('one '))
  expect(editField({ text: 'abc', cursor: 1 }, { do: 'erase' })).toEqual({ text: 'bc', cursor: 0 })
  expect(editField(fieldOf('ab'), { do: 'start' }).cursor).toBe(0)
  expect(editField({ text: 'ab', cursor: 0 }, { do: 'end' })).toEqual(fieldOf('ab'))
})

test('at either end of a field nothing happens', () => {
  for (const edit of ['backspace', 'delete', 'left', 'right', 'erase', 'eraseWord'] as const) {
    expect(editField(emptyField, { do: edit })).toEqual(emptyField)
  }
})

test('a paste loses its control characters, and has a limit', () => {
  expect(editField(emptyField, { do: 'insert', text: 'a\r\n\u001b[2J\u0000b' }).text).toBe('a[2Jb')
  expect(editField(emptyField, { do: 'insert', text: 'x'.repeat(1e6) }).text.length).toBeLessThanOrEqual(1024)
})
