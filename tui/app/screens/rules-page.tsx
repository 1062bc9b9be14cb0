import type { ReactElement } from 'react'
import type { Rule } from '../../../shared/protocol/methods.ts'
import { Line } from '../components/line.tsx'
import { useLook } from '../components/look-context.ts'
import { adviceRows } from '../state/layout.ts'
import type { State } from '../state/state.ts'
import { bansTable } from '../tables/bans-table.ts'
import { isLine, rulesTable } from '../tables/rules-table.ts'
import { bansView, rulesView } from '../tables/view.ts'
import { wrapText } from '../text/fit.ts'
import { ListTable, listSummary } from './list-pages.tsx'

/** Who may go where: the rules in their order, what each has decided, and all of the selected one. */
export function RulesPage({ state }: { readonly state: State }): ReactElement {
  const look = useLook()
  const view = rulesView(state)
  const { columns: width } = state.size
  const selected = view.rows[view.cursor]
  const advice =
    state.dialog || !selected ? [] : wrapText(look.text(adviceOf(selected)), width - 2, adviceRows, look.ellipsis)
  return (
    <>
      <Line text={listSummary('rules', view, state.lists.rules, look) + countsOf(state)} width={width} />
      <ListTable
        state={state}
        page="rules"
        spec={rulesTable}
        view={view}
        marked={decidingIn(state)}
        style={(rule) => (isLine(rule) ? {} : look.theme.dim)}
      />
      {advice.map((line, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a row of the screen is nothing but its place
        <Line key={at} text={` ${line}`} width={width} {...look.theme.dim} />
      ))}
    </>
  )
}

/** All of a rule, and what is wrong with it. */
function adviceOf({ text, unknown }: Rule): string {
  return unknown ? `${text} - nobody has that name: it acts as soon as somebody does` : text
}

/** Where there is none of the person's own, what that means. */
function countsOf({ rules }: State): string {
  if (!rules) return ''
  const own = rules.rules.filter(isLine).length
  return own === 0
    ? '   none of your own: all that proxyd itself does not deny is allowed'
    : '   the first that fits decides'
}

/** The rules that decide about what is being tried. */
function decidingIn({ dialog }: State): ReadonlySet<string> {
  return new Set(dialog?.kind === 'form' ? dialog.trial?.told?.rules.map(String) : [])
}

/** The sources that are kept out. */
export function BansPage({ state }: { readonly state: State }): ReactElement {
  const look = useLook()
  const view = bansView(state)
  return (
    <>
      <Line text={listSummary('sources kept out', view, state.lists.bans, look)} width={state.size.columns} />
      <ListTable state={state} page="bans" spec={bansTable} view={view} />
    </>
  )
}
