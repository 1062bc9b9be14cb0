import { errorCodes } from '../../shared/protocol/errors.ts'
import { limits, protocolVersion } from '../../shared/protocol/limits.ts'
import { type EventName, events, type Method, type MethodShape, methods } from '../../shared/protocol/methods.ts'
import { roles } from '../../shared/protocol/vocabulary.ts'
import { named } from '../../tui/declarations/protocol-types.ts'
import { eventSection, methodSection, typeSection } from './method-section.ts'
import { table } from './table.ts'
import { errorWords, limitWords, roleWords } from './words.ts'
import { worked } from './worked-login.ts'

/** The texts that the page is made of, beside the protocol's own tables. */
export interface Sources {
  readonly template: string
  readonly python: string
  readonly shell: string
}

/** The text of PROTOCOL.md. Throws an `Error` if the template names a part that there is not, or leaves one out. */
export function protocolPage(sources: Sources): string {
  const parts = partsOf(sources)
  const used = new Set<string>()
  const page = sources.template.replaceAll(/\{\{([\w.]+)\}\}/g, (_, name: string) => {
    const part = parts.get(name)
    if (part === undefined) throw new Error(`the template of PROTOCOL.md names ${name}, which there is not`)
    used.add(name)
    return part
  })
  const left = [...parts.keys()].filter((name) => !used.has(name) && !name.includes('.'))
  if (left.length > 0) throw new Error(`the template of PROTOCOL.md leaves out ${left.join(', ')}`)
  return page
}

/** Single limits, `limits.line` for instance, need not be used. */
function partsOf({ python, shell }: Sources): ReadonlyMap<string, string> {
  return new Map([
    ...Object.entries(limits).map(([name, value]) => [`limits.${name}`, value.toLocaleString('en')] as const),
    ['version', protocolVersion.join('.')],
    ['limits', table(['limit', '', 'what it bounds'], limitRows())],
    ['errors', table(['kind', 'code', 'when, and what to do'], errorRows())],
    ['roles', table(['role', 'is for whoever', 'methods, beside those of the roles above'], roleRows())],
    ['logged', loggedLinks()],
    ['login', loginExample()],
    ['contents', table(['method', 'role', ''], contentRows())],
    ['methods', (Object.keys(methods) as Method[]).map(methodSection).join('\n\n')],
    ['events', (Object.keys(events) as EventName[]).map(eventSection).join('\n\n')],
    ['types', named.map(([name, schema]) => typeSection(name, schema)).join('\n\n')],
    ['python', fenced('python', coreOf(python))],
    ['shell', fenced('sh', shell)],
  ])
}

function limitRows(): string[][] {
  return Object.entries(limitWords).map(([name, words]) => {
    return [`\`${name}\``, limits[name as keyof typeof limits].toLocaleString('en'), words]
  })
}

function errorRows(): string[][] {
  return Object.entries(errorWords).map(([kind, words]) => {
    return [`\`${kind}\``, `${errorCodes[kind as keyof typeof errorCodes]}`, words]
  })
}

function roleRows(): string[][] {
  return roles.map((role) => {
    const theirs = Object.entries(methods).filter(([, method]) => method.role === role)
    return [`\`${role}\``, roleWords[role], theirs.map(([name]) => link(name)).join(', ')]
  })
}

/** What is not for a read-only connection. */
function loggedLinks(): string {
  const logged = Object.entries<MethodShape>(methods).filter(([, method]) => method.logged !== undefined)
  return logged.map(([name]) => link(name)).join(', ')
}

function contentRows(): string[][] {
  return Object.entries(methods).map(([name, { role, summary }]) => [link(name), role, summary])
}

/** To a section, as GitHub names its anchor. */
function link(name: string): string {
  return `[${name}](#${name.replaceAll('.', '').toLowerCase()})`
}

function loginExample(): string {
  const { clientFirst, serverFirst, clientFinal, serverFinal, password, steps } = worked
  const messages = [
    ['client-first', clientFirst],
    ['server-first', serverFirst],
    ['client-final', clientFinal],
    ['server-final', serverFinal],
  ]
  const computed = steps.map(([name, how, value]) => `${name} = ${how}\n    ${value}`)
  return [
    fenced('text', [...messages.map(([name, text]) => `${name}\n    ${text}`), `password\n    ${password}`].join('\n')),
    'Between them both sides compute, all binary values shown in hex:',
    fenced('text', computed.join('\n')),
  ].join('\n\n')
}

/** All but how the program is called, which is of no interest to others. */
function coreOf(python: string): string {
  const end = python.indexOf('\n\ndef main(')
  if (end < 0) throw new Error('the client in Python has no main')
  return python.slice(0, end)
}

function fenced(language: string, text: string): string {
  return `\`\`\`${language}\n${text.trim()}\n\`\`\``
}
