import type { ReactElement } from 'react'
import { Field } from '../components/field.tsx'
import { Line } from '../components/line.tsx'
import { useLook } from '../components/look-context.ts'
import { Buttons, Panel, panelFrame } from '../components/panel.tsx'
import { problemSoFar, strengthOf } from '../keys/check-form.ts'
import { dialogRows } from '../layout.ts'
import { type Confirmation, type Form, fieldText, type Panel as Shown } from '../store/dialogs.ts'
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
      {dialog.kind === 'form' && <FormFields state={state} form={dialog} width={width} />}
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

interface FormProps {
  readonly state: State
  readonly form: Form
  readonly width: number
}

function FormFields({ state, form, width }: FormProps): ReactElement {
  const look = useLook()
  const problem = form.problem ?? problemSoFar(form, state)
  return (
    <>
      <Line text={titles[form.purpose] + look.text(form.subject ?? '')} width={width} {...look.theme.heading} />
      {form.fields.map((field, at) => (
        <Field
          key={field.name}
          label={`  ${field.label.padEnd(10)}`}
          field={field}
          width={width}
          masked={field.name === 'password' || field.name === 'again'}
          focused={at === form.focus}
        />
      ))}
      {problem === null ? (
        <Line text={look.text(adviceFor(form))} width={width} {...look.theme.dim} />
      ) : (
        <Line text={`! ${look.text(problem)}`} width={width} {...look.theme.bad} />
      )}
    </>
  )
}

function adviceFor(form: Form): string {
  if (form.sent) return 'asking the daemon'
  const password = fieldText(form, 'password')
  if (password === '' || form.purpose === 'login') return advice[form.purpose](form)
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
      <Line text="The daemon keeps no copy that could be read." width={width} {...look.theme.dim} />
    </>
  )
}
