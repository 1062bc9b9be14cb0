import { Text } from 'ink'
import type { ReactElement } from 'react'
import { formatClock, formatTime } from '../../../shared/format/time.ts'
import { Field } from '../components/field.tsx'
import { Line, Lines } from '../components/line.tsx'
import { useLook } from '../components/look-context.ts'
import { type Part, Row } from '../components/row.tsx'
import { helpColumns, helpShown } from '../keys/help.ts'
import { offersAt } from '../keys/palette.ts'
import type { Help, Overlay, Palette, Result as Shown } from '../state/dialogs.ts'
import { firstShown, pageRows } from '../state/layout.ts'
import type { State } from '../state/state.ts'
import { cut, fitText } from '../text/fit.ts'
import type { Style } from '../themes/theme.ts'
import { ConnectionDetail } from './connection-detail.tsx'
import { UserPage } from './user-detail.tsx'

/** What takes the place of the page. */
export function OverlayPage({ state, overlay }: { readonly state: State; readonly overlay: Overlay }): ReactElement {
  switch (overlay.kind) {
    case 'help':
      return <HelpPage state={state} help={overlay} />
    case 'detail':
      return <ConnectionDetail state={state} />
    case 'result':
      return <Result state={state} result={overlay} />
    case 'messages':
      return <Messages state={state} scroll={overlay.scroll} />
    case 'commands':
      return <DoneCommands state={state} chosen={overlay.chosen} />
    case 'palette':
      return <PalettePage state={state} palette={overlay} />
    case 'user':
      return <UserPage state={state} name={overlay.name} range={overlay.range} />
  }
}

/** The keys of what it covers. */
function HelpPage({ state, help }: { readonly state: State; readonly help: Help }): ReactElement {
  const look = useLook()
  const { columns: width } = state.size
  const { scroll, find, isTyped } = help
  const lines = helpShown(state, help)
  const height = pageRows(state) - 1
  const shown = lines.slice(scroll, scroll + height)
  const wanted = find.text === '' ? '' : ` that have "${look.text(find.text)}"`
  const place = lines.length > height ? `, lines ${scroll + 1} to ${scroll + shown.length} of ${lines.length}` : ''
  return (
    <>
      {isTyped ? (
        <Field label=" /" field={find} width={width} />
      ) : (
        <Line text={` The keys here${wanted}${place}`} width={width} {...look.theme.heading} />
      )}
      {shown.map((line, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a row of the screen is nothing but its place
        <Row key={at} parts={helpParts(line, helpColumns(state.size), look.theme.key)} />
      ))}
    </>
  )
}

/** A line of the help with its keys, or what a filter is made of, bright: in each column what stands before two spaces. */
function helpParts(line: string, half: number, bright: Style): Part[] {
  return [line.slice(0, half), line.slice(half)].flatMap((column) => {
    const [, key = '', rest = column] = /^( +\S.*?)( {2,}\S.*)$/.exec(column) ?? []
    return [{ text: key, style: bright }, { text: rest }]
  })
}

/** What has been said on the message line, newest first, in the place of the page. */
function Messages({ state, scroll }: { readonly state: State; readonly scroll: number }): ReactElement {
  const look = useLook()
  const { columns: width } = state.size
  const { history } = state.toasts
  const shown = history.toReversed().slice(scroll, scroll + pageRows(state) - 1)
  return (
    <>
      <Line
        text={history.length === 0 ? ' Nothing has been said yet' : ' Said before'}
        width={width}
        {...look.theme.heading}
      />
      <Lines
        lines={shown.map(({ text, tone, at, times }) => ({
          text: ` ${formatTime(at)}  ${tone === 'bad' ? '! ' : '  '}${look.text(text)}${times > 1 ? `  (${times} times)` : ''}`,
          ...(tone === 'bad' && { style: look.theme.bad }),
        }))}
        width={width}
        height={shown.length}
      />
    </>
  )
}

/** What keys and lines have done, as commands, newest first, in the place of the page. */
function DoneCommands({ state, chosen }: { readonly state: State; readonly chosen: number }): ReactElement {
  const look = useLook()
  const { columns: width } = state.size
  const { done, daemons } = state
  const height = pageRows(state) - 1
  const first = firstShown(chosen, height, done.length)
  const title = done.length === 0 ? ' Nothing has been done yet' : ' Done, as commands for proxy-tui --exec'
  return (
    <>
      <Line text={title} width={width} {...look.theme.heading} />
      {done
        .toReversed()
        .slice(first, first + height)
        .map(({ line, place, at, done: agreed }, row) => {
          const isChosen = first + row === chosen
          const where = daemons.length > 1 ? `${look.text(place)}  ` : ''
          const text = ` ${isChosen ? '>' : ' '}${formatClock(at)}  ${agreed ? '  ' : '! '}${where}${look.text(line)}`
          return (
            // biome-ignore lint/suspicious/noArrayIndexKey: a row of the screen is nothing but its place
            <Text key={row} wrap="truncate" {...(isChosen ? look.theme.selected : agreed ? {} : look.theme.bad)}>
              {fitText(text, width, look.ellipsis)}
            </Text>
          )
        })}
    </>
  )
}

/** What came of a command, in the place of the page. */
function Result({ state, result }: { readonly state: State; readonly result: Shown }): ReactElement {
  const look = useLook()
  const { columns: width } = state.size
  const { title, lines, row, column } = result
  const height = pageRows(state) - 1
  const shown = lines.slice(row, row + height)
  const place = lines.length > height ? `   lines ${row + 1} to ${row + shown.length} of ${lines.length}` : ''
  return (
    <>
      <Line text={` :${title}${place}`} width={width} {...look.theme.heading} />
      {shown.map((line, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a row of the screen is nothing but its place
        <Line key={at} text={` ${look.text(line.slice(cut(line, column).length))}`} width={width} />
      ))}
    </>
  )
}

/** Columns for the key, or for how a command is written. */
const labelColumns = 26

/** What can be done here, as far as it matches what is typed, in the place of the page. */
function PalettePage({ state, palette }: { readonly state: State; readonly palette: Palette }): ReactElement {
  const look = useLook()
  const { columns: width } = state.size
  const offers = offersAt(state, palette)
  const chosen = Math.min(palette.chosen, offers.length - 1)
  const height = pageRows(state) - 1
  const first = firstShown(chosen, height, offers.length)
  return (
    <>
      <Field label=" Do: " field={palette.field} width={width} />
      {offers.length === 0 && <Line text="   nothing here is called so" width={width} {...look.theme.dim} />}
      {offers.slice(first, first + height).map(({ title, label }, at) => {
        const isChosen = first + at === chosen
        const text = `${isChosen ? ' > ' : '   '}${fitText(label, labelColumns, look.ellipsis)} ${title}`
        return (
          // biome-ignore lint/suspicious/noArrayIndexKey: a row of the screen is nothing but its place
          <Text key={at} wrap="truncate" {...(isChosen ? look.theme.selected : {})}>
            {fitText(text, width, look.ellipsis)}
          </Text>
        )
      })}
    </>
  )
}
