import * as libc from './libc.ts'

/** eventfd(2): one thread wakes another out of `epoll_wait`. */

const EFD_NONBLOCK = 0o4000
const EFD_CLOEXEC = 0o2000000
const one = new Uint8Array(new BigUint64Array([1n]).buffer)
const sink = new Uint8Array(8)

/** A new event descriptor. */
export function openEvent(): number {
  const fd = libc.eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)
  if (fd < 0) throw new Error(`eventfd: errno ${-fd}`)
  return fd
}

/** Wake whoever waits for it; cheap to repeat. */
export function signalEvent(fd: number): void {
  libc.write(fd, one, 8)
}

/** Take the wake-up, so that the next one is seen. */
export function clearEvent(fd: number): void {
  libc.read(fd, sink, 8)
}
