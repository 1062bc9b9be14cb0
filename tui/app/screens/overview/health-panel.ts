import { formatBytes } from '../../../../shared/format/bytes.ts'
import type { Health } from '../../../../shared/protocol/methods.ts'
import { isStale } from '../../store/state.ts'
import type { Panel } from './panel.ts'

/** How the daemon does: what is slow, scarce, or fails. */
export const healthPanel: Panel = ({ state, look }) => {
  const heading = { text: ' Health', style: look.theme.columns }
  if (!state.status) return [heading]
  const style = isStale(state) ? look.theme.dim : undefined
  return [heading, ...facts(state.status.health).map((fact) => ({ text: ` ${look.text(fact)}`, style }))]
}

function facts({ lag, loops, sessions, descriptors, memory, store, names }: Health): string[] {
  const worst = Math.max(0, ...loops.map((loop) => loop.lag))
  return [
    `Main thread ${late(lag)}`,
    ...(loops.length > 0 ? [`${loopCount(loops.length).padEnd(11)} ${late(worst)}`] : []),
    `Sessions    ${sessions.live} of ${sessions.max}`,
    `Descriptors ${descriptors.open} of ${descriptors.max}`,
    `Memory      ${formatBytes(memory)}`,
    store.problem === null ? `Store       ${upTo(store.slowest)}` : `Store fails: ${store.problem}`,
    `Names       ${names.failed} failed`,
    `            ${names.pending} pending`,
    `            ${upTo(names.slowest)}`,
  ]
}

function late(lag: number): string {
  return `late ${milliseconds(lag)}`
}

function upTo(time: number): string {
  return `up to ${milliseconds(time)}`
}

function milliseconds(value: number): string {
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`
}

function loopCount(count: number): string {
  return `${count} loop${count === 1 ? '' : 's'}`
}
