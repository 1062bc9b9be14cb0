import { type ListPage, listPage } from './pages.ts'

/** What a daemon of another release does not have, or says otherwise than is known here: a method or an event. */
export interface Gap {
  readonly name: string
  /** Which the daemon is beside this app, as far as that shows: releases only add. */
  readonly release: 'older' | 'newer' | 'other'
}

/** Each once. */
export function addGap(gaps: readonly Gap[], gap: Gap): readonly Gap[] {
  return gaps.some(({ name }) => name === gap.name) ? gaps : [...gaps, gap]
}

/** How the daemon's release is beside ours; null: nothing shows that it is another. */
export function releaseOf(gaps: readonly Gap[]): string | null {
  const [first] = gaps
  if (!first) return null
  return gaps.every(({ release }) => release === first.release) && first.release !== 'other'
    ? `${first.release} than this app`
    : 'of another release than this app'
}

/** What to do about it. */
export function mendOf(gaps: readonly Gap[]): string {
  const isOlder = gaps.every(({ release }) => release === 'older')
  return `${isOlder ? 'upgrade it, or use' : 'use'} the proxy-tui of its release`
}

/** What cannot be shown because of them, each in a word or two. */
export function topicsOf(gaps: readonly Gap[]): readonly string[] {
  const topics = gaps.map(({ name }) => name.split('.')[0] ?? name)
  return [...new Set(topics)].map((topic) => words[topic] ?? topic)
}

const words: Readonly<Record<string, string>> = {
  access: 'ended connections',
  config: 'settings',
  metrics: 'graphs',
  rpc: 'commands',
  session: 'rights',
  status: 'health',
}

/** What the rows of a list come by, where it is not called as the list is; none are asked for there. */
const topics: Readonly<Partial<Record<ListPage, string | null>>> = {
  sums: 'connections',
  settings: 'config',
  daemons: null,
}

/** Those without which the list that is shown has no rows, or not all. */
export function gapsHere(state: Parameters<typeof listPage>[0] & { readonly gaps: readonly Gap[] }): readonly Gap[] {
  const list = listPage(state)
  const topic = list && (topics[list] === undefined ? list : topics[list])
  return state.gaps.filter(({ name }) => {
    const [of, what = ''] = name.split('.')
    return of === topic && (topic === 'config' || wholeTables.includes(what))
  })
}

const wholeTables = ['list', 'subscribe', 'snapshot', 'changed', 'entries']

/** Whether a table can be followed: what is said about its changes is understood. */
export function canFollow(gaps: readonly Gap[], topic: string): boolean {
  return !gaps.some(({ name }) => name === `${topic}.snapshot` || name === `${topic}.changed`)
}
