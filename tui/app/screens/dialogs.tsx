import type { ReactElement } from 'react'
import { Field } from '../components/field.tsx'
import { Line } from '../components/line.tsx'
import { useLook } from '../components/look-context.ts'
import { Buttons, Panel, panelFrame } from '../components/panel.tsx'
import { dialogRows } from '../layout.ts'
import type { Confirmation, Form, Panel as Shown } from '../store/dialogs.ts'
import type { State } from '../store/state.ts'
import { Choices } from './choices.tsx'
import { Entry } from './entry.tsx'
import { settingAdvice } from './setting-advice.ts'

/** What lies below the page and takes the keys. */
export function DialogPanel({ state, dialog }: { readonly state: State; readonly dialog: Shown }): ReactElement {
  const { columns } = state.size
  const width = columns - panelFrame
  return (
    <Panel width={columns} height={dialogRows(dialog)}>
      {dialog.kind === 'confirm' && <Question dialog={dialog} width={width} />}
      {dialog.kind === 'form' && <FormFields form={dialog} width={width} />}
      {dialog.kind === 'choice' && <Choices dialog={dialog} width={width} />}
      {dialog.kind === 'entry' && <Entry entry={dialog.entry} width={width} />}
      {dialog.kind === 'secret' && <Secret {...dialog} width={width} />}
    </Panel>
  )
}

function Question({ dialog, width }: { readonly dialog: Confirmation; readonly width: number }): ReactElement {
  const look = useLook()
  return (
    <>
      <Line text={look.text(dialog.question)} width={width} {...look.theme.heading} />
      {dialog.facts.map((fact) => (
        <Line key={fact} text={`  ${look.text(fact)}`} width={width} />
      ))}
      <Buttons names={['Cancel', dialog.verb]} chosen={dialog.chosen ? 1 : 0} />
    </>
  )
}

const titles = {
  addUser: 'New user',
  setPassword: 'New password of ',
  login: 'Password of operator ',
  addOperator: 'New operator: a viewer, operator or admin',
  setOperatorPassword: 'New password of operator ',
  setting: '',
} as const
const made = 'Without a password a strong one is made and shown once.'
const advice: Readonly<Record<Form['purpose'], (form: Form) => string>> = {
  addUser: () => made,
  setPassword: () => made,
  login: () => 'It is kept until you quit, to log in again after a break.',
  addOperator: () => made,
  setOperatorPassword: () => made,
  setting: ({ seen }) => (seen ? settingAdvice(seen.setting) : ''),
}

function FormFields({ form, width }: { readonly form: Form; readonly width: number }): ReactElement {
  const look = useLook()
  return (
    <>
      <Line text={titles[form.purpose] + look.text(form.subject ?? '')} width={width} {...look.theme.heading} />
      {form.fields.map((field, at) => (
        <Field
          key={field.name}
          label={`  ${field.label.padEnd(10)}`}
          field={field}
          width={width}
          masked={field.name === 'password'}
          focused={at === form.focus}
        />
      ))}
      {form.problem === null ? (
        <Line
          text={form.sent ? 'asking the daemon' : look.text(advice[form.purpose](form))}
          width={width}
          {...look.theme.dim}
        />
      ) : (
        <Line text={`! ${look.text(form.problem)}`} width={width} {...look.theme.bad} />
      )}
    </>
  )
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
      <Line text="The daemon keeps no copy that could be read." width={width} {...look.theme.dim} />
    </>
  )
}
