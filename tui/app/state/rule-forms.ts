import type { Call } from '../../../shared/commands/verb.ts'
import type { Connection, Rule } from '../../../shared/protocol/methods.ts'
import { emptyField, fieldOf } from '../text/edit.ts'
import { blankForm, type Form, type FormField } from './forms.ts'

const advice = 'allow|deny [user:U|group:G] [from NET] [to DEST] [port P] [until T] [# note]'

/** Rows for what a change of the rules would come to, and for what the rules say to a request. */
const changeRows = 3
const testRows = 5

/** A form for a new rule at a place among the others; null: behind them all. */
export function newRuleForm(place: number | null): Form {
  return {
    ...blankForm,
    ...(place === null ? { purpose: 'rules add' } : { purpose: 'rules insert', given: [String(place)] }),
    title: place === null ? 'New rule' : `New rule at place ${place}`,
    advice,
    fields: [ruleField('')],
    trial: { beside: null, rows: changeRows, told: null },
  }
}

/** A form to change a rule. */
export function ruleForm({ id, place, text }: Rule): Form {
  return {
    ...blankForm,
    purpose: 'rules replace',
    given: [String(id)],
    title: `Rule at place ${place}`,
    advice,
    fields: [ruleField(text)],
    trial: { beside: null, rows: changeRows, told: null },
  }
}

/** A form for a rule that keeps a connection's user from where it goes, before all others; it tells what they say to it now. */
export function denyForm({ user, client, destination, command }: Connection): Form | null {
  if (destination === null) return null
  const [, host = '', port = ''] = /^(.*):(\d+)$/.exec(destination) ?? []
  const bare = host.replace(/^\[|\]$/g, '')
  const whom = user === null ? `from ${hostOf(client)}` : `user:${quoted(user)}`
  return {
    ...blankForm,
    purpose: 'rules insert',
    given: ['1'],
    title: `New rule before all others, from this connection`,
    advice: `port ${port} behind it keeps it to that port; *.NAME is all below a name; without user: it is for everybody`,
    fields: [ruleField(`deny ${whom} to ${bare}`)],
    trial: { beside: testOf(user, destination, client, command), rows: changeRows + testRows, told: null },
  }
}

/** A form to try what the rules say to a request. */
export function tryForm(): Form {
  return {
    ...blankForm,
    purpose: 'rules test',
    title: 'What do the rules say to',
    focus: 1,
    fields: [
      { ...emptyField, name: 'user', label: 'User', as: 'value', empty: '-', ghost: 'without a login' },
      { ...emptyField, name: 'to', label: 'Destination', as: 'value', advice: 'HOST:PORT, such as example.com:443' },
      { ...emptyField, name: 'from', label: 'Client', as: 'flag', ghost: '127.0.0.1', advice: "the client's address" },
      {
        ...emptyField,
        name: 'resolve',
        label: 'Resolves to',
        as: 'flag',
        ghost: 'what a look-up gives',
        advice: 'addresses with commas between them',
      },
    ],
    advice: '- is whoever needs no login',
    trial: { beside: null, rows: testRows, told: null },
  }
}

/** A form for a source that is to be kept out. */
export function banForm(): Form {
  return {
    ...blankForm,
    purpose: 'ban',
    title: 'Keep a source out',
    fields: [
      {
        ...emptyField,
        name: 'source',
        label: 'Address',
        as: 'value',
        advice: 'an IPv4 address, or one of IPv6 for its /64',
      },
      {
        ...emptyField,
        name: 'time',
        label: 'For',
        as: 'option',
        ghost: 'until it is let in again',
        advice: 'such as 90s, 10m, 2h or 7d. Its new connections are reset at once; those that are live stay.',
      },
    ],
  }
}

export function watchForm(): Form {
  return {
    ...blankForm,
    purpose: 'watches add',
    title: 'New watch',
    fields: [
      { ...emptyField, name: 'name', label: 'Name', as: 'value', advice: 'what it is called where it tells something' },
      {
        ...emptyField,
        name: 'text',
        label: 'For',
        as: 'value',
        advice: 'rate>10MB/s user:bob for 30s, login-failures>20 for 1m, new-destination user:bob, near-limit',
      },
    ],
  }
}

function ruleField(text: string): FormField {
  return { ...fieldOf(text), name: 'rule', label: 'Rule', as: 'value' }
}

function testOf(user: string | null, destination: string, client: string, command: Connection['command']): Call {
  const cmd = command === 'bind' || command === 'udp-associate' ? { cmd: command } : {}
  return { verb: 'rules test', values: [user ?? '-', destination], flags: { from: hostOf(client), ...cmd } }
}

/** The address of `address:port`, without the brackets of IPv6. */
function hostOf(place: string): string {
  return place.slice(0, place.lastIndexOf(':')).replace(/^\[|\]$/g, '')
}

/** A name with spaces, or what else would end it, is quoted. */
function quoted(name: string): string {
  return /^[^\s"#,]+$/.test(name) ? name : `"${name.replaceAll('"', '')}"`
}
