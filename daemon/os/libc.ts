import { constants, endianness } from 'node:os'
import { loadKoffi } from './koffi.ts'

/**
 * libc through koffi: the calls that the Linux engine makes, and nothing else. Every function returns what the kernel
 * does: a result of 0 or more, or the negated errno. None blocks but `epollWait` and `ppoll`.
 */

const koffi = loadKoffi()
const libc = koffi.load(null)
// What the kernel fills and reads is laid out by hand.
if (endianness() !== 'LE' || koffi.sizeof('void *') !== 8) throw new Error('this is not a 64-bit little-endian machine')

/** A copy, since V8 looks every name up in the original. */
export const errno = { ...constants.errno }
const errnoNames = new Map(Object.entries(errno).map(([name, value]) => [value, name]))

/** The name of a positive errno, as errno(3) has it. */
export function errnoName(value: number): string {
  return errnoNames.get(value) ?? `errno ${value}`
}

/** Memory the kernel reads or fills during the call. */
export type Memory = Uint8Array | Int32Array | Uint32Array | bigint | null

/** Memory that is lent to the kernel call after call. Where a view is takes koffi 40 ns to find out, each time. */
export interface Lent {
  readonly bytes: Uint8Array<ArrayBuffer>
  /** Where it is, as long as `bytes` are kept: outside of V8's heap, where nothing moves. */
  readonly at: bigint
}

/** This thread's `errno`, where libc keeps it: to ask koffi for it would be one more call. */
const lastError = new Int32Array(koffi.view(libc.func('void *__errno_location(void)')(), 4))
const outcome = (result: number): number => (result < 0 ? -(lastError[0] as number) : result)

/** An argument too many costs as much as one that is used, and a rest parameter an array for each call. */
function bind<Args extends unknown[]>(prototype: string): (...args: Args) => number {
  const call = libc.func(prototype)
  const byCount: ((...args: unknown[]) => number)[] = [
    (a) => outcome(call(a)),
    (a, b) => outcome(call(a, b)),
    (a, b, c) => outcome(call(a, b, c)),
    (a, b, c, d) => outcome(call(a, b, c, d)),
    (a, b, c, d, e) => outcome(call(a, b, c, d, e)),
    (a, b, c, d, e, f) => outcome(call(a, b, c, d, e, f)),
  ]
  return byCount[prototype.split(',').length - 1] as (...args: unknown[]) => number
}

export const socket = bind<[domain: number, type: number, protocol: number]>('int socket(int, int, int)')
export const bindSocket = bind<[fd: number, address: Memory, length: number]>('int bind(int, void *, int)')
export const listenSocket = bind<[fd: number, backlog: number]>('int listen(int, int)')
export const connect = bind<[fd: number, address: Memory, length: number]>('int connect(int, void *, int)')
export const accept4 = bind<[fd: number, address: Memory, length: Memory, flags: number]>(
  'int accept4(int, void *, void *, int)',
)
export const getsockname = bind<[fd: number, address: Memory, length: Memory]>('int getsockname(int, void *, void *)')
export const getpeername = bind<[fd: number, address: Memory, length: Memory]>('int getpeername(int, void *, void *)')
export const getsockopt = bind<[fd: number, level: number, name: number, value: Memory, length: Memory]>(
  'int getsockopt(int, int, int, void *, void *)',
)
export const setsockopt = bind<[fd: number, level: number, name: number, value: Memory, length: number]>(
  'int setsockopt(int, int, int, void *, int)',
)
export const recv = bind<[fd: number, buffer: Memory, length: number, flags: number]>(
  'long recv(int, void *, size_t, int)',
)
export const send = bind<[fd: number, buffer: Memory, length: number, flags: number]>(
  'long send(int, void *, size_t, int)',
)
export const splice = bind<[from: number, fromOffset: null, to: number, toOffset: null, length: number, flags: number]>(
  'long splice(int, void *, int, void *, size_t, unsigned int)',
)
export const shutdown = bind<[fd: number, how: number]>('int shutdown(int, int)')
export const close = bind<[fd: number]>('int close(int)')
export const pipe2 = bind<[fds: Memory, flags: number]>('int pipe2(void *, int)')
const fcntl = libc.func('int fcntl(int, int, ...)')
const control = (fd: number, command: number, value: number): number => outcome(fcntl(fd, command, 'int', value))
export const setPipeSize = (fd: number, bytes: number): number => control(fd, 1031 /* F_SETPIPE_SZ */, bytes)
/** Another descriptor of the same, closed on exec. */
export const duplicate = (fd: number): number => control(fd, 1030 /* F_DUPFD_CLOEXEC */, 3)
/** Has no call wait for it, and no program that is started have it. */
export const setOwnFlags = (fd: number): number =>
  control(fd, 2 /* F_SETFD */, 1 /* FD_CLOEXEC */) + control(fd, 4 /* F_SETFL */, 0o4000 /* O_NONBLOCK */)
export const eventfd = bind<[value: number, flags: number]>('int eventfd(unsigned int, int)')
export const read = bind<[fd: number, buffer: Memory, length: number]>('long read(int, void *, size_t)')
export const write = bind<[fd: number, buffer: Memory, length: number]>('long write(int, void *, size_t)')
export const epollCreate1 = bind<[flags: number]>('int epoll_create1(int)')
export const epollCtl = bind<[epoll: number, operation: number, fd: number, event: Memory]>(
  'int epoll_ctl(int, int, int, void *)',
)
export const epollWait = bind<[epoll: number, events: Memory, most: number, milliseconds: number]>(
  'int epoll_wait(int, void *, int, int)',
)
/** `fds` of struct pollfd, and a struct timespec. */
export const ppoll = bind<[fds: Memory, count: number, time: Memory, mask: null]>(
  'int ppoll(void *, unsigned long, void *, void *)',
)
/** 0: no such interface. */
export const ifNametoindex = bind<[name: string]>('unsigned int if_nametoindex(const char *)')
export const recvmmsg = bind<[fd: number, headers: Memory, most: number, flags: number, timeout: null]>(
  'int recvmmsg(int, void *, unsigned int, int, void *)',
)
export const sendmmsg = bind<[fd: number, headers: Memory, count: number, flags: number]>(
  'int sendmmsg(int, void *, unsigned int, int)',
)
export const sendto = bind<
  [fd: number, buffer: Memory, length: number, flags: number, address: Memory, addressLength: number]
>('long sendto(int, void *, size_t, int, void *, int)')

export const sendmsg = bind<[fd: number, header: Memory, flags: number]>('long sendmsg(int, void *, int)')

/** So many bytes to be lent to the kernel. */
export function lend(length: number): Lent {
  const bytes = new Uint8Array(new ArrayBuffer(length))
  return { bytes, at: koffi.address(bytes) }
}

/** Where the kernel finds memory of more than 64 bytes, which never moves while it is in use. */
export function addressOfMemory(memory: Uint8Array | Uint32Array): number {
  return Number(koffi.address(memory))
}
