import { Text } from 'ink'
import type { ReactElement } from 'react'
import { findVerb } from '../../../shared/commands/verbs.ts'
import { Field } from '../components/field.tsx'
import { Line } from '../components/line.tsx'
import { useLook } from '../components/look-context.ts'
import { Buttons, Panel, panelFrame } from '../components/panel.tsx'
import { problemSoFar, strengthOf } from '../keys/check-form.ts'
import type { Choice, Confirmation, Panel as Shown } from '../state/dialogs.ts'
import { type Form, fieldText, textsOf } from '../state/forms.ts'
import { dialogRows, fieldRows, firstShown, itemRows } from '../state/layout.ts'
import type { State } from '../state/state.ts'
import { settingAdvice } from '../tables/tables.ts'
import { fitText, wrapText } from '../text/fit.ts'
import type { Role } from '../themes/theme.ts'

/** What lies below the page and takes the keys. */
export function DialogPanel({ state, dialog }: { readonly state: State; readonly dialog: Shown }): ReactElement {
  const { columns } = state.size
  const width = columns - panelFrame
  return (
    <Panel width={columns} height={dialogRows(dialog, state.size)}>
      {dialog.kind === 'confirm' && (
        <Question dialog={dialog} width={width} rows={itemRows(dialog.facts, state.size)} />
      )}
      {dialog.kind === 'form' && <FormFields state={state} form={dialog} width={width} />}
      {dialog.kind === 'choice' && (
        <Choices dialog={dialog} width={width} rows={itemRows(dialog.options, state.size)} />
      )}
      {dialog.kind === 'entry' && <Entry {...dialog} width={width} />}
      {dialog.kind === 'secret' && <Secret {...dialog} width={width} />}
    </Panel>
  )
}

interface PanelProps<Shown> {
  readonly dialog: Shown
  readonly width: number
  /** For facts or options. */
  readonly rows: number
}

function Question({ dialog, width, rows }: PanelProps<Confirmation>): ReactElement {
  const look = useLook()
  return (
    <>
      <Line text={look.text(dialog.question)} width={width} {...look.theme.heading} />
      {dialog.facts.slice(0, rows).map((fact, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a row of the screen is nothing but its place
        <Line key={at} text={`  ${look.text(fact)}`} width={width} />
      ))}
      <Buttons names={['Cancel', dialog.yes]} chosen={dialog.chosen ? 1 : 0} />
    </>
  )
}

function titleOf({ purpose, title }: Form): string {
  return title ?? (purpose === 'login' ? 'Password of operator ' : (findVerb(purpose).form ?? ''))
}

function adviceOf({ purpose, seen, advice, fields, focus }: Form): string {
  if (purpose === 'login') return 'It is kept until you quit, to log in again after a break.'
  const ofField = fields[focus]?.advice ?? advice
  if (ofField !== null) return ofField
  return seen ? settingAdvice(seen.setting) : 'Without a password a strong one is made and shown once.'
}

interface FormProps {
  readonly state: State
  readonly form: Form
  readonly width: number
}

function FormFields({ state, form, width }: FormProps): ReactElement {
  const look = useLook()
  const problem = form.problem ?? problemSoFar(form, state) ?? foreseenProblem(form)
  const shown = fieldRows(form, state.size)
  const first = firstShown(form.focus, shown, form.fields.length)
  const labels = Math.max(10, ...form.fields.map(({ label }) => label.length + 2))
  return (
    <>
      <Line text={titleOf(form) + look.text(form.subject ?? '')} width={width} {...look.theme.heading} />
      {form.fields.slice(first, first + shown).map((field, at) => (
        <Field
          key={field.name}
          label={`${first + at === form.focus ? '> ' : '  '}${field.label.padEnd(labels)}`}
          field={field}
          width={width}
          masked={field.name === 'password' || field.name === 'again'}
          ghost={look.text(field.ghost ?? '')}
          focused={first + at === form.focus}
        />
      ))}
      <Foreseen trial={form.trial} width={width} />
      {problem === null ? (
        <Line text={look.text(adviceFor(form))} width={width} {...look.theme.dim} />
      ) : (
        <Line text={`! ${look.text(problem)}`} width={width} {...look.theme.bad} />
      )}
    </>
  )
}

/** Why the daemon would refuse what is typed, once it has said so of just that. */
function foreseenProblem(form: Form): string | null {
  const told = form.trial?.told
  return told && told.of === textsOf(form) ? told.problem : null
}

/** What the daemon says to what is typed, in as many rows as are kept for it. */
function Foreseen({ trial, width }: { readonly trial: Form['trial']; readonly width: number }): ReactElement {
  const look = useLook()
  const lines = trial?.told?.lines ?? []
  return (
    <>
      {Array.from({ length: trial?.rows ?? 0 }, (_, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a row of the screen is nothing but its place
        <Line key={at} text={`  ${look.text(lines[at] ?? '')}`} width={width} {...look.theme[toneOf(lines[at])]} />
      ))}
    </>
  )
}

/** What it says, it says in words, too. */
function toneOf(line = ''): Role {
  if (/^would cut [1-9]/.test(line)) return 'warning'
  if (/\b(deny|denied|refused)\b/.test(line)) return 'bad'
  return /\ballow(ed)?\b/.test(line) ? 'good' : 'dim'
}

function adviceFor(form: Form): string {
  if (form.sent) return 'asking the daemon'
  const password = fieldText(form, 'password')
  if (password === '' || form.purpose === 'login') return adviceOf(form)
  const match = fieldText(form, 'again') === password ? 'both are the same' : 'repeat it, since it is not shown'
  return `${[...password].length} characters, ${strengthOf(password)}; ${match}`
}

interface SecretProps {
  readonly user: string
  readonly password: string
  readonly width: number
}

function Secret({ user, password, width }: SecretProps): ReactElement {
  const look = useLook()
  return (
    <>
      <Line text={`The password of ${look.text(user)}, shown only now:`} width={width} {...look.theme.heading} />
      <Line text={`  ${password}`} width={width} />
      <Line text="The daemon keeps no copy that could be read. Esc closes this." width={width} {...look.theme.dim} />
    </>
  )
}

/** One of several to be taken; the chosen one is marked by more than its colors. */
function Choices({ dialog, width, rows }: PanelProps<Choice>): ReactElement {
  const look = useLook()
  const longest = Math.min(width - 4, Math.max(...dialog.options.map(({ name }) => name.length)))
  const first = firstShown(dialog.chosen, rows, dialog.options.length)
  return (
    <>
      <Line text={look.text(dialog.question)} width={width} {...look.theme.heading} />
      {dialog.options.slice(first, first + rows).map(({ name }, at) => {
        const chosen = first + at === dialog.chosen
        return (
          // biome-ignore lint/suspicious/noArrayIndexKey: a row of the screen is nothing but its place
          <Text key={at} wrap="truncate">
            {chosen ? '> ' : '  '}
            <Text {...(chosen ? { ...look.theme.selected, bold: true } : {})}>
              {` ${fitText(look.text(name), longest, look.ellipsis)} `}
            </Text>
          </Text>
        )
      })}
      <Line text={look.text(dialog.advice)} width={width} {...look.theme.dim} />
    </>
  )
}

/** Rows for what was said. */
const textRows = 6

/** All of one entry, as far as it fits. */
function Entry({
  heading,
  text,
  width,
}: {
  readonly heading: string
  readonly text: string
  readonly width: number
}): ReactElement {
  const look = useLook()
  return (
    <>
      <Line text={look.text(heading)} width={width} {...look.theme.heading} />
      {wrapText(look.text(text), width, textRows, look.ellipsis).map((line, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a row of the screen is nothing but its place
        <Line key={at} text={line} width={width} />
      ))}
    </>
  )
}
