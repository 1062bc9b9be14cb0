import { EventEmitter, once } from 'node:events'
import { chmod } from 'node:fs/promises'
import { connect, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { createInterface, type Interface } from 'node:readline'
import { onTestFinished } from 'vitest'
import type { Daemon } from '../helpers/daemon.ts'
import { longestWait } from '../helpers/patience.ts'
import { type AtEnd, temporaryFolder } from '../helpers/temporary-folder.ts'

/** What a daemon tells of a method that was called, or as an event. */
export interface Said {
  readonly said: 'result' | 'event' | 'error'
  readonly name: string
  // biome-ignore lint/suspicious/noExplicitAny: a lie about it may be anything.
  readonly value: any
}

/**
 * What is told in place of what a daemon says: another value; as it stands if undefined; null for nothing at all; a line, or
 * several, or part of one, as they are if a `Buffer`.
 */
export type Lie = (said: Said) => unknown

export interface LyingDaemon {
  /** The runtime folder that it is found by. */
  readonly folder: string
  /** How it lies from now on; null: it does not. */
  lie: Lie | null
  /** Resolves once it has told of this next, and lied; rejects if it does not. */
  told(name: string): Promise<void>
  /** Say something to all who are connected that nobody has asked for. */
  tell(text: string): void
  /** Say as much as they take, until the returned function is called: `line` makes the next one. */
  flood(line: (at: number) => string): () => void
  /** Hang up on all who are connected. */
  hangUp(): void
}

/** Stands between an app and a daemon, and changes what that says. */
export async function lyingDaemon({ folders }: Daemon, atEnd: AtEnd = onTestFinished): Promise<LyingDaemon> {
  const folder = await temporaryFolder(atEnd)
  const clients = new Set<Socket>()
  const telling = new EventEmitter()
  const liar: LyingDaemon = {
    folder,
    lie: null,
    told: async (name) => {
      // Several are told in one moment.
      await once(telling, name, { signal: AbortSignal.timeout(longestWait) }).catch(() => {
        throw new Error(`the daemon has not told of ${name} for ${longestWait} ms`)
      })
    },
    tell: (text) => clients.forEach((client) => void client.write(text)),
    flood: (line) => {
      let at = 0
      let isOver = false
      const fill = (client: Socket) => {
        while (!isOver && !client.destroyed) {
          let text = ''
          while (text.length < 65_536) text += `${line(at++)}\n`
          if (!client.write(text)) return void client.once('drain', () => fill(client))
        }
      }
      clients.forEach(fill)
      return () => (isOver = true)
    },
    hangUp: () => clients.forEach((client) => void client.destroy()),
  }
  const server = createServer((client) => {
    const daemon = connect(join(folders.runtime, 'proxyd.sock'))
    const asked = new Map<unknown, string>()
    clients.add(client)
    linesOf(client).on('line', (line) => {
      const { id, method } = JSON.parse(line)
      asked.set(id, method)
      daemon.write(`${line}\n`)
    })
    linesOf(daemon).on('line', (line) => {
      const told = said(JSON.parse(line), asked)
      client.write(liar.lie && told ? lineFor(liar.lie(told), line) : `${line}\n`)
      if (told) telling.emit(told.name)
    })
    client.on('close', () => {
      clients.delete(client)
      daemon.destroy()
    })
    daemon.on('close', () => client.destroy())
    for (const socket of [client, daemon]) socket.on('error', () => {})
  })
  const path = join(folder, 'proxyd.sock')
  server.listen(path)
  await once(server, 'listening')
  atEnd(async () => {
    server.close()
    liar.hangUp()
  })
  await chmod(path, 0o600)
  return liar
}

/** Null for what answers nothing that was asked. */
function said(
  { id, method, params, result, error }: Record<string, unknown>,
  asked: ReadonlyMap<unknown, string>,
): Said | null {
  if (typeof method === 'string') return { said: 'event', name: method, value: params }
  const name = asked.get(id)
  if (name === undefined) return null
  return error === undefined ? { said: 'result', name, value: result } : { said: 'error', name, value: error }
}

function lineFor(lie: unknown, line: string): string | Buffer {
  if (lie === undefined) return `${line}\n`
  if (lie === null) return ''
  if (Buffer.isBuffer(lie)) return lie
  const { method, params, result, error, ...rest } = JSON.parse(line)
  const members =
    method === undefined ? (error === undefined ? { result: lie } : { error: lie }) : { method, params: lie }
  return `${JSON.stringify({ ...rest, ...members })}\n`
}

/** Of a socket whose end nobody minds. */
function linesOf(socket: Socket): Interface {
  return createInterface({ input: socket }).on('error', () => {})
}
