import { eventKindWords } from '../../../../shared/event-kinds.ts'
import { formatBytes } from '../../../../shared/format/bytes.ts'
import { counted } from '../../../../shared/format/count.ts'
import { formatClock } from '../../../../shared/format/time.ts'
import type { Health } from '../../../../shared/protocol/methods.ts'
import { lineOf, type StyledLine } from '../../components/line.tsx'
import type { Part } from '../../components/row.tsx'
import { alarms } from '../../state/alarms.ts'
import { refusalsLately } from '../../state/endings.ts'
import { columnsForMore } from '../../state/layout.ts'
import { liveConnections } from '../../state/live.ts'
import { entryText } from '../../state/log.ts'
import { isStale } from '../../state/state.ts'
import { columnsOf, fitText } from '../../text/fit.ts'
import type { Role } from '../../themes/theme.ts'
import type { Panel, PanelRoom } from './panel.ts'

/** What is wrong, a row each; the last row tells how many more there are. */
export const alarmsPanel: Panel = ({ state, look, height }) => {
  const all = alarms(state)
  const shown = all.length > height ? all.slice(0, height - 1) : all
  const rest = all.length - shown.length
  const more = rest > 0 ? [{ text: `and ${rest} more`, tone: 'warning' } as const] : []
  return [...shown, ...more].map(({ text, tone }) =>
    lineOf([
      { text: ' ' },
      { text: '!', style: look.theme.alarm },
      { text: ` ${look.text(text)}`, style: look.theme[tone] },
    ]),
  )
}

/** What there is now, and what there was since the daemon's start. */
export const totalsPanel: Panel = ({ state, look, width }) => {
  const { latest, recent } = state.traffic
  if (!latest) return []
  const { theme } = look
  const old = isStale(state) ? theme.dim : undefined
  const named = (name: string, value: string, style?: Part['style']): Part[] => [
    { text: ` ${name} `, style: old ?? theme.label },
    { text: value, style: old ?? style },
  ]
  const live = liveConnections(state) ?? latest.connections
  const totals = [
    ...named('Now ', counted(live, 'connection')),
    ...named('  down', formatBytes(latest.down)),
    ...named(' up', formatBytes(latest.up)),
    ...named('  accepted', String(latest.accepted), latest.accepted === 0 ? theme.zero : undefined),
    ...named(' failed', String(latest.failed), latest.failed === 0 ? theme.zero : undefined),
  ]
  const room = width - columnsOf(totals.map(({ text }) => text).join('')) - columnsOf(`  ${refusedLabel}  `)
  const refused = width < columnsForMore ? '' : firstOf(refusalsLately(recent, state.rules).map(look.text), room)
  return [lineOf([...totals, ...(refused === '' ? [] : named(` ${refusedLabel}`, refused, theme.warning))])]
}

const refusedLabel = 'refused in a minute:'

/** As many of them as have room, and how many more there are; empty if not even one has. */
function firstOf(texts: readonly string[], room: number): string {
  const choices = texts.map((_, at) => {
    const rest = texts.length - at - 1
    return texts.slice(0, at + 1).join(', ') + (rest > 0 ? ` and ${rest} more` : '')
  })
  return choices.findLast((text) => columnsOf(text) <= room) ?? ''
}

/** A name and what is so of it; `tone` if that is not well. */
interface Fact {
  readonly name: string
  readonly value: string
  readonly tone?: Role | null
}

/** Columns of the names of facts. */
const nameColumns = 12

function factLines({ state, look, width }: PanelRoom, heading: string, facts: readonly Fact[]): StyledLine[] {
  const old = isStale(state) ? look.theme.dim : undefined
  return [
    { text: fitText(` ${heading}`, width, look.ellipsis), style: look.theme.columns },
    ...facts.map(({ name, value, tone }) =>
      lineOf([
        { text: ` ${name.padEnd(nameColumns)}`, style: old ?? look.theme.label },
        { text: look.text(value), style: old ?? (tone ? look.theme[tone] : undefined) },
      ]),
    ),
  ]
}

/** How the daemon does: what is slow, scarce, or fails. */
export const healthPanel: Panel = (room) => {
  const { status } = room.state
  return factLines(room, 'Health', status ? healthFacts(status.health) : [])
}

/** Milliseconds by which a thread may be late; the share of what there is from which on it is scarce. */
const lateness = 100
const scarce = 0.9

function healthFacts({ lag, loops, sessions, descriptors, memory, store, names, accessLog }: Health): Fact[] {
  const worst = Math.max(lag, ...loops.map((loop) => loop.lag))
  const deaths = loops.reduce((sum, { restarts = 0 }) => sum + restarts, 0)
  const share = (name: string, used: number, most: number): Fact => {
    return { name, value: `${used} of ${most}`, tone: used > scarce * most ? 'warning' : null }
  }
  return [
    { name: 'Late', value: `up to ${milliseconds(worst)}`, tone: worst > lateness ? 'warning' : null },
    ...(deaths > 0 ? [{ name: 'Threads died', value: String(deaths), tone: 'bad' } as const] : []),
    share('Connections', sessions.live, sessions.max),
    ...(sessions.shed ? [{ name: 'No room for', value: String(sessions.shed), tone: 'warning' } as const] : []),
    share('Descriptors', descriptors.open, descriptors.max),
    { name: 'Memory', value: formatBytes(memory) },
    store.problem === null
      ? { name: 'Store', value: `up to ${milliseconds(store.slowest)}` }
      : { name: 'Store fails', value: store.problem, tone: 'bad' },
    ...(accessLog && (accessLog.problem !== null || accessLog.dropped > 0)
      ? [{ name: 'Access log', value: accessLog.problem ?? `lacks ${accessLog.dropped}`, tone: 'bad' } as const]
      : []),
    { name: 'Names', value: `${names.pending} open, ${milliseconds(names.slowest)}` },
    { name: '', value: `${names.failed} failed`, tone: names.failed > 0 ? 'warning' : 'zero' },
  ]
}

function milliseconds(value: number): string {
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`
}

/** Where the daemon listens, and whom it serves there. */
export const socketsPanel: Panel = (room) => {
  const { status } = room.state
  if (!status) return factLines(room, 'Listens', [])
  const { listening, passwordRequired, users, health } = status
  const facts = listening.map(({ service, address, destination }) => ({
    name: service,
    value: destination === undefined ? address : `${address} to ${destination}`,
  }))
  const access = passwordRequired ? `${counted(users, 'user')}` : 'without a password'
  // Whoever is behind a balancer is told by it.
  const from = (name: string, nets: readonly string[] = []) =>
    nets.length > 0 ? [{ name, value: nets.join(', ') }] : []
  const whom = [
    { name: 'serves', value: access },
    ...from('behind', health.balancers),
    ...from('trusts', health.trusted),
  ]
  return factLines(room, 'Listens', [...whom, ...facts])
}

/** How to use a daemon that nobody has used yet. */
export const beginPanel: Panel = ({ state, look, width }) => {
  const { status, traffic } = state
  const [socket] = status?.listening.filter(({ service }) => service === 'socks') ?? []
  if (!status || !socket || traffic.latest?.accepted !== 0) return []
  const login = status.passwordRequired ? 'NAME:PASSWORD@' : ''
  const command = [' curl --proxy', `socks5h://${login}${socket.address}`, 'https://example.com/']
  const whole = command.join(' ')
  const key = (name: string, meaning: string) =>
    lineOf([
      { text: ` ${name}`, style: look.theme.key },
      { text: ` ${meaning}`, style: look.theme.label },
    ])
  return [
    { text: fitText(' Nobody has come yet', width, look.ellipsis), style: look.theme.columns },
    ...(columnsOf(whole) < width ? [whole] : command.join(' \\\n   ').split('\n')).map((text) => ({ text })),
    ...(state.readOnly ? [] : [key(':adduser NAME', 'adds a user')]),
    key('?', 'tells the keys'),
  ]
}

const levels: Readonly<Record<string, Role | null>> = { debug: 'dim', info: null, warn: 'warning', error: 'bad' }

/** The end of the daemon's log. */
export const logPanel: Panel = ({ state, look, width, height }) => {
  const old = isStale(state) ? look.theme.dim : undefined
  const entries = state.log.entries.slice(-(height - 1))
  return [
    { text: fitText(' Log', width - 1, look.ellipsis), style: look.theme.columns },
    ...entries.map((entry) => {
      const tone = levels[entry.level]
      return lineOf([
        { text: ` ${formatClock(entry.time)} ${entry.level.padEnd(5)} `, style: old ?? look.theme.label },
        { text: look.text(entryText(entry)), style: old ?? (tone ? look.theme[tone] : undefined) },
      ])
    }),
  ]
}

/** Terminal columns of what it is. */
const kindColumns = 17

/** What happened last, the newest first, but for lines of the log, which have a panel of their own. */
export const eventsPanel: Panel = ({ state, look, width, height }) => {
  const old = isStale(state) ? look.theme.dim : undefined
  const entries = state.events.entries.filter(({ kind }) => kind !== 'log').slice(-(height - 1))
  const heading = ` ${'Events'.padEnd(9)}${'What'.padEnd(kindColumns)}How`
  return [
    { text: fitText(heading, width - 1, look.ellipsis), style: look.theme.columns },
    ...entries.toReversed().map(({ time, kind, level, text, count }) => {
      const tone = levels[level]
      const times = count > 1 ? ` ${look.unicode ? '×' : 'x'}${count}` : ''
      const room = Math.max(1, width - 2 - 9 - kindColumns - times.length)
      return lineOf([
        { text: ` ${formatClock(time)} `, style: old ?? look.theme.label },
        {
          text: fitText(eventKindWords(kind), kindColumns, look.ellipsis),
          style: old ?? (tone ? look.theme[tone] : undefined),
        },
        { text: fitText(look.text(text), room, look.ellipsis), style: old },
        { text: times, style: old ?? look.theme.label },
      ])
    }),
  ]
}
