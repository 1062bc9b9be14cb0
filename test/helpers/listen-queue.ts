import { readFileSync } from 'node:fs'

const LISTEN = '0A'

/** The sockets that listen on a port of 127.0.0.1, and how many clients wait at them to be accepted (proc_net_tcp.txt). */
export function listenQueue(port: number): { readonly listeners: number; readonly waiting: number } {
  const place = `0100007F:${port.toString(16).toUpperCase().padStart(4, '0')}`
  const rows = readFileSync('/proc/net/tcp', 'utf8')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, local, , state]) => local === place && state === LISTEN)
  const waiting = rows.map(([, , , , queues = '']) => Number.parseInt(queues.split(':')[1] ?? '', 16))
  return { listeners: rows.length, waiting: waiting.reduce((sum, count) => sum + count, 0) }
}
