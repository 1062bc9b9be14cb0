import { parseAddress } from '../../../daemon/net/address.ts'
import { EPOLLET, EPOLLIN, EPOLLOUT, EPOLLRDHUP, Epoll } from '../../../daemon/os/epoll.ts'
import { close, errno, recv, send } from '../../../daemon/os/libc.ts'
import { accept, boundPort, listen, MSG_NOSIGNAL, MSG_TRUNC } from '../../../daemon/os/socket.ts'
import { socketAddressBytes } from '../../../daemon/os/socket-address.ts'
import type { OriginPorts } from './protocol.ts'

/** The other end of every connection of the bench: one process, made of the same system calls as the engine. */

const chunk = new Uint8Array(256 * 1024)
/** Calls on one connection before the others have their turn. */
const turn = 16
const from = new Uint8Array(socketAddressBytes)
const watched = (EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET) >>> 0

type Service = (fd: number) => 'again' | 'wait' | 'over'

const services: Record<keyof OriginPorts, Service> = {
  source: (fd) => after(send(fd, chunk, chunk.length, MSG_NOSIGNAL)),
  sink: (fd) => after(recv(fd, chunk, chunk.length, MSG_TRUNC)),
  both: (fd) => {
    const heard = services.sink(fd)
    const said = services.source(fd)
    if (heard === 'over' || said === 'over') return 'over'
    return heard === 'wait' && said === 'wait' ? 'wait' : 'again'
  },
  echo: (fd) => {
    const count = recv(fd, chunk, 4096, 0)
    return count > 0 ? after(send(fd, chunk, count, MSG_NOSIGNAL)) : after(count)
  },
  short: (fd) => {
    const count = recv(fd, chunk, 4096, 0)
    if (count > 0) send(fd, chunk, 64, MSG_NOSIGNAL)
    return count === -errno.EAGAIN ? 'wait' : 'over'
  },
}

function after(result: number): 'again' | 'wait' | 'over' {
  if (result > 0) return 'again'
  return result === -errno.EAGAIN ? 'wait' : 'over'
}

const epoll = new Epoll(1024)
const loopback = parseAddress('127.0.0.1')
if (!loopback) throw new Error('no loopback')
const listeners = new Map<number, Service>()
const connections = new Map<number, Service>()
const ports: Record<string, number> = {}
for (const [name, service] of Object.entries(services)) {
  const fd = listen(loopback, 0, 65_535)
  ports[name] = boundPort(fd)
  listeners.set(fd, service)
  epoll.add(fd, EPOLLIN, fd, 0)
}
process.stdout.write(`${JSON.stringify(ports)}\n`)

let busy = new Set<number>()
for (;;) {
  const count = epoll.wait(busy.size > 0 ? 0 : 1000)
  const awake = busy
  busy = new Set()
  for (let i = 0; i < count; i++) {
    const fd = epoll.key(i)
    const service = listeners.get(fd)
    if (service) take(fd, service)
    else awake.add(fd)
  }
  for (const fd of awake) serve(fd)
  if (process.ppid === 1) process.exit()
}

function take(listener: number, service: Service): void {
  for (let fd = accept(listener, from); fd >= 0; fd = accept(listener, from)) {
    connections.set(fd, service)
    epoll.add(fd, watched, fd, 0)
  }
}

function serve(fd: number): void {
  const service = connections.get(fd)
  if (!service) return
  for (let i = 0; i < turn; i++) {
    const state = service(fd)
    if (state === 'wait') return
    if (state === 'over') {
      connections.delete(fd)
      close(fd)
      return
    }
  }
  busy.add(fd)
}
