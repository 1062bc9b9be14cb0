import { readFileSync } from 'node:fs'

const LISTEN = '0A'

/** The sockets that listen on a port of 127.0.0.1, and how many clients wait at them to be accepted (proc_net_tcp.txt). */
export function listenQueue(port: number): { readonly listeners: number; readonly waiting: number } {
  const waiting = sockets().flatMap(({ local, state, unread }) =>
    local === placeOf(port) && state === LISTEN ? [unread] : [],
  )
  return { listeners: waiting.length, waiting: waiting.reduce((sum, count) => sum + count, 0) }
}

/** Bytes that have come from one port of 127.0.0.1 to another and were not read yet. */
export function unreadFrom(sender: number, receiver: number): number {
  const socket = sockets().find(({ local, remote }) => local === placeOf(receiver) && remote === placeOf(sender))
  return socket?.unread ?? 0
}

function sockets() {
  return readFileSync('/proc/net/tcp', 'utf8')
    .split('\n')
    .map((line) => {
      const [, local, remote, state, queues = ''] = line.trim().split(/\s+/)
      return { local, remote, state, unread: Number.parseInt(queues.split(':')[1] ?? '', 16) }
    })
}

function placeOf(port: number): string {
  return `0100007F:${port.toString(16).toUpperCase().padStart(4, '0')}`
}
