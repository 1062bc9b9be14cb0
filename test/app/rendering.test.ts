import { PassThrough } from 'node:stream'
import xterm from '@xterm/headless'
import { render } from 'ink'
import { createElement } from 'react'
import { expect, onTestFinished, test } from 'vitest'
import { LookContext } from '../../tui/app/components/look-context.ts'
import { Row } from '../../tui/app/components/row.tsx'
import { Table } from '../../tui/app/components/table.tsx'
import { numberColumn, textColumn } from '../../tui/app/tables/columns.ts'
import type { TableSpec } from '../../tui/app/tables/table-spec.ts'
import { lookOf } from '../../tui/app/themes/look.ts'

const format = { now: 0, rateUnit: 'bytes', unicode: true, text: (text: string) => text } as const
const look = lookOf({ TERM: 'xterm-256color', LANG: 'C.UTF-8' })

/** Draw elements one after the other; resolves to what was written for each. */
async function draw(...elements: ReturnType<typeof createElement>[]): Promise<string[]> {
  let written = ''
  const stdout = Object.assign(new PassThrough(), { columns: 80, rows: 24, isTTY: true })
  stdout.on('data', (bytes) => (written += bytes))
  const inLook = (element: ReturnType<typeof createElement>) => createElement(LookContext, { value: look }, element)
  const screen = render(null, {
    stdout: stdout as unknown as NodeJS.WriteStream,
    interactive: true,
    incrementalRendering: true,
    patchConsole: false,
    maxFps: 0,
  })
  onTestFinished(() => screen.unmount())
  const frames: string[] = []
  for (const element of elements) {
    written = ''
    screen.rerender(inLook(element))
    await screen.waitUntilRenderFlush()
    frames.push(written)
  }
  return frames
}

test('of ten thousand rows only those on the screen are put into words', async () => {
  const asked = new Set<number>()
  const spec: TableSpec<number> = {
    id: String,
    fields: {},
    columns: [
      numberColumn(
        'value',
        'Value',
        8,
        (row) => row,
        (value) => {
          asked.add(value)
          return String(value)
        },
      ),
    ],
  }
  const rows = Array.from({ length: 10_000 }, (_, row) => row)
  const view = { rows, ids: rows.map(String), total: rows.length, problem: null, cursor: 5000 }
  const sort = { column: 'value', descending: false }
  await draw(createElement(Table<number>, { spec, view, sort, format, width: 80, height: 23, dim: false }))
  expect(asked.size).toBe(22)
  expect(asked).toContain(5000)
})

test('an id that is given twice leaves nothing behind', async () => {
  const spec: TableSpec<string> = {
    id: String,
    fields: {},
    columns: [textColumn('value', 'Value', (row) => row, { width: 20 })],
  }
  const table = (rows: readonly string[]) => {
    const view = { rows, ids: rows, total: rows.length, problem: null, cursor: 0 }
    const sort = { column: 'value', descending: false }
    return createElement(Table<string>, { spec, view, sort, format, width: 80, height: 23, dim: false })
  }
  const terminal = new xterm.Terminal({ cols: 80, rows: 24, allowProposedApi: true, convertEol: true })
  const frames = await draw(table(['a', 'a', 'b', 'b']), table(['b', 'c']))
  for (const frame of frames) await new Promise<void>((done) => terminal.write(frame, done))
  const lines = Array.from({ length: 24 }, (_, row) =>
    terminal.buffer.active.getLine(row)?.translateToString(true).trim(),
  )
  expect(lines.filter(Boolean)).toEqual(['Value▲', '>b', 'c'])
})

test('a row that is the same as before is not written again, and nothing is where all are', async () => {
  const row = (text: string) => createElement(Row, { parts: [{ text: 'of ' }, { text, style: { color: 'red' } }] })
  const both = (one: string, other: string) =>
    createElement('ink-box', { style: { flexDirection: 'column' } }, row(one), row(other))
  const [, changed, same] = await draw(both('bob', 'carol'), both('bob', 'dave'), both('bob', 'dave'))
  expect(changed).toContain('dave')
  expect(changed).not.toContain('bob')
  expect(same).toBe('')
})
