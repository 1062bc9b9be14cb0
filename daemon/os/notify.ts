import * as libc from './libc.ts'

const AF_UNIX = 1
const SOCK_DGRAM = 2
const SOCK_CLOEXEC = 0o2000000
const MSG_DONTWAIT = 0x40
/** sockaddr_un: the family, and a path of at most so many bytes. */
const mostPathBytes = 107

/**
 * Tells whoever started this process, such as systemd, how it does (sd_notify(3)): lines such as `READY=1`, to the
 * socket that NOTIFY_SOCKET names. Returns 0 or more, or a negated errno.
 */
export function notify(socket: string, lines: string): number {
  if (Buffer.byteLength(socket) > mostPathBytes) return -libc.errno.ENAMETOOLONG
  const path = Buffer.from(socket)
  // A name that is no file's begins with @, which stands for a zero.
  if (path[0] === 0x40) path[0] = 0
  const address = new Uint8Array(2 + path.length)
  address[0] = AF_UNIX
  address.set(path, 2)
  const fd = libc.socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)
  if (fd < 0) return fd
  const text = Buffer.from(lines)
  const result = libc.sendto(fd, text, text.length, MSG_DONTWAIT, address, address.length)
  libc.close(fd)
  return result
}
