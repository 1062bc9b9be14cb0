import { parseAddress } from '../../../daemon/net/address.ts'
import { EPOLLERR, EPOLLET, EPOLLHUP, EPOLLIN, EPOLLOUT, EPOLLRDHUP, Epoll } from '../../../daemon/os/epoll.ts'
import { close, recv, send } from '../../../daemon/os/libc.ts'
import { connectSocket, leaveFrom, MSG_NOSIGNAL, openSocket, resetOnClose } from '../../../daemon/os/socket.ts'

/** Somebody who guesses passwords, from many addresses of this machine. */

const loopback = Uint8Array.of(127, 0, 0, 1)
/** Milliseconds that a guess waits for its answer. */
const patience = 1_000
/** Milliseconds between two looks at what has come. */
const interval = 2

/** Makes so many guesses a second at a user's password, for as long as the process runs. */
export function guess(port: number, username: string, rate: number, sources: number): void {
  const epoll = new Epoll(1024)
  const answer = new Uint8Array(16)
  /** When each was made, by descriptor, in that order. */
  const open = new Map<number, number>()
  const start = performance.now()
  let made = 0
  const end = (fd: number) => {
    open.delete(fd)
    resetOnClose(fd)
    close(fd)
  }
  const begin = (now: number) => {
    const fd = openSocket(4)
    if (fd < 0) throw new Error(`socket: errno ${-fd}`)
    const source = made % sources
    const from = parseAddress(`127.0.${1 + (source >> 8)}.${source & 255}`)
    if (!from || leaveFrom(fd, from) < 0) throw new Error(`there is no source ${source}`)
    connectSocket(fd, loopback, port)
    epoll.add(fd, (EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET) >>> 0, fd, 0)
    open.set(fd, now)
  }
  const step = () => {
    const now = performance.now()
    for (const [fd, begun] of open) {
      if (begun > now - patience) break
      end(fd)
    }
    for (let count = epoll.wait(0); count > 0; count = epoll.wait(0))
      for (let i = 0; i < count; i++) {
        const fd = epoll.key(i)
        const events = epoll.events(i)
        // Method and login at once; what comes first is the method, and what ends it is the refusal.
        if (events & (EPOLLERR | EPOLLHUP | EPOLLRDHUP) || recv(fd, answer, answer.length, 0) === 0) end(fd)
        else if (events & EPOLLOUT && !(events & EPOLLIN)) {
          const said = login(username, `guess ${made}`)
          send(fd, said, said.length, MSG_NOSIGNAL)
        }
      }
    for (; made < ((now - start) * rate) / 1000; made++) begin(now)
  }
  setInterval(step, interval)
}

function login(username: string, password: string): Uint8Array {
  const [name, word] = [Buffer.from(username), Buffer.from(password)]
  return Uint8Array.of(5, 1, 2, 1, name.length, ...name, word.length, ...word)
}
