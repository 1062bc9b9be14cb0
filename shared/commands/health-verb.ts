import { formatBytes } from '../format/bytes.ts'
import type { Health } from '../protocol/methods.ts'
import { type Table, verb } from './verb.ts'

export const healthVerb = {
  health: verb({
    arguments: '',
    summary: 'tell what is scarce, what is slow and what fails',
    prepare:
      () =>
      async ({ call }) => {
        const { health } = await call('status.get', {})
        return { data: health, view: healthTable(health) }
      },
  }),
}

function healthTable({ lag, loops, sessions, descriptors, memory, store, names }: Health): Table {
  return {
    rows: [
      ['main thread', `late by ${milliseconds(lag)} at worst in the last 10 s`],
      ...loops.map((loop, at) => [`loop ${at + 1}`, `${milliseconds(loop.lag)} its longest turn in the last 10 s`]),
      ['connections', `${sessions.live} of at most ${sessions.max}`],
      ['descriptors', `${descriptors.open} of at most ${descriptors.max}`],
      ['memory', formatBytes(memory)],
      ['store', store.problem ?? `works, ${milliseconds(store.slowest)} the slowest change of the last minute`],
      [
        'names',
        `${names.pending} being looked up; in the last minute ${names.failed} failed, ${milliseconds(names.slowest)} the slowest`,
      ],
    ],
  }
}

function milliseconds(value: number): string {
  return `${Math.round(value * 10) / 10} ms`
}
