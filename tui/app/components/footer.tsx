import type { ReactElement } from 'react'
import { completionOf } from '../keys/command-handlers.ts'
import { hintsOf } from '../keys/help.ts'
import { hintsAreShown, isLow } from '../state/layout.ts'
import { listPage } from '../state/pages.ts'
import type { State } from '../state/state.ts'
import { columnsOf, fitText } from '../text/fit.ts'
import { Field } from './field.tsx'
import { Line, lineOf } from './line.tsx'
import { useLook } from './look-context.ts'

/** Above the command line: what is wrong with it, else what the word can become, else how the command is written. */
export function CommandHint({ state }: { readonly state: State }): ReactElement {
  const look = useLook()
  const { columns: width } = state.size
  const { problem, running, menu } = state.command
  if (problem !== null) return <Line text={` ! ${look.text(problem)}`} width={width} {...look.theme.bad} />
  if (running) return <Line text=" asking the daemon" width={width} {...look.theme.dim} />
  const { candidates, usage = '' } = completionOf(state)
  const words = menu?.candidates ?? candidates
  if (words.length === 0) return <Line text={` ${look.text(usage)}`} width={width} {...look.theme.dim} />
  return <Line text={wordsAround(words.map(look.text), menu?.at, width)} width={width} {...look.theme.dim} />
}

/** The words in a row; those before the chosen one go where it would not be seen. */
function wordsAround(words: readonly string[], chosen: number | undefined, width: number): string {
  const shown = words.map((word, at) => (at === chosen ? `[${word}]` : ` ${word} `))
  let first = 0
  while (first < (chosen ?? 0) && columnsOf(shown.slice(first, (chosen ?? 0) + 1).join('')) > width - 2) first++
  return shown.slice(first).join('')
}

/** The command or the filter while it is typed, or what has just happened. One row. */
function MessageLine({ state }: { readonly state: State }): ReactElement {
  const look = useLook()
  const width = state.size.columns
  if (state.command.field) return <Field label=" :" field={state.command.field} width={width} />
  const page = listPage(state)
  const typing = page && state.lists[page].typing
  if (typing) return <Field label=" /" field={typing} width={width} />
  const { shown, more } = state.toasts
  if (!shown) return <Line text="" width={width} />
  const bad = shown.tone === 'bad'
  const others = more > 0 ? `  (and ${more} more: ! lists them)` : ''
  const text = ` ${bad ? '! ' : ''}${look.text(shown.text)}`
  return (
    <Line
      text={fitText(text, Math.min(columnsOf(text), width - others.length), look.ellipsis) + others}
      width={width}
      {...(bad ? look.theme.bad : look.theme.good)}
    />
  )
}

/** What has just happened, and the keys that matter here; where rows are few, the keys while there is nothing to be said. */
export function Footer({ state }: { readonly state: State }): ReactElement {
  if (!isLow(state.size))
    return (
      <>
        <MessageLine state={state} />
        <Hints state={state} />
      </>
    )
  return hintsAreShown(state) ? <Hints state={state} /> : <MessageLine state={state} />
}

/** The keys that matter here. One row. */
function Hints({ state }: { readonly state: State }): ReactElement {
  const { theme } = useLook()
  let written = 0
  const parts = hintsOf(state).flatMap(({ label, text, from }) => {
    const gap = ' '.repeat(from - written)
    written = from + columnsOf(text)
    return [
      { text: gap + label, style: theme.key },
      { text: text.slice(label.length), style: theme.label },
    ]
  })
  return <Line {...lineOf(parts)} width={state.size.columns} />
}
