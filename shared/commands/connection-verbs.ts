import { formatBytes } from '../format/bytes.ts'
import { formatDuration } from '../format/time.ts'
import { limits } from '../protocol/limits.ts'
import type { Connection } from '../protocol/methods.ts'
import { everyPage } from './every-page.ts'
import { verb } from './verb.ts'

export const connectionVerbs = {
  connections: verb({
    arguments: '[WORD...]',
    role: 'operator',
    summary: 'list live connections; only rows that have every WORD',
    prepare:
      (words) =>
      async ({ call }) => {
        const all = (await everyPage((from) => call('connections.list', from))).flatMap((page) => page.connections)
        const now = Date.now()
        const shown = all
          .map((connection) => ({ connection, cells: cellsOf(connection, now) }))
          .filter(({ cells }) => hasAll(cells, words))
        return {
          data: shown.map(({ connection }) => connection),
          view: { heading, right: [5, 6, 7], rows: shown.map(({ cells }) => cells) },
        }
      },
  }),
  kill: verb({
    arguments: 'ID...',
    takes: ['connection'],
    role: 'operator',
    destroys: true,
    summary: 'cut connections by id',
    prepare:
      (ids) =>
      async ({ call }) => {
        const killed: string[] = []
        const missing: string[] = []
        for (let at = 0; at < ids.length; at += limits.page) {
          const result = await call('connections.kill', { ids: ids.slice(at, at + limits.page) })
          killed.push(...result.killed)
          missing.push(...result.missing)
        }
        return {
          data: { killed, missing },
          view: killed.length > 0 ? `killed ${killed.join(' ')}` : '',
          ...(missing.length > 0 && { problem: `no such connection, it may have ended: ${missing.join(' ')}` }),
        }
      },
  }),
}

const heading = ['ID', 'STATE', 'USER', 'CLIENT', 'DESTINATION', 'AGE', 'UP', 'DOWN']

function cellsOf(connection: Connection, now: number): string[] {
  return [
    connection.id,
    connection.state,
    connection.user ?? '-',
    connection.client,
    connection.destination ?? '-',
    formatDuration(now - connection.opened),
    formatBytes(connection.up),
    formatBytes(connection.down),
  ]
}

function hasAll(cells: readonly string[], words: readonly string[]): boolean {
  const row = cells.join(' ').toLowerCase()
  return words.every((word) => row.includes(word.toLowerCase()))
}
