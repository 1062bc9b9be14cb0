import * as libc from './libc.ts'

const AF_UNIX = 1
const SOCK_DGRAM = 2
const SOCK_CLOEXEC = 0o2000000
const O_CLOEXEC = 0o2000000
const SOL_SOCKET = 1
const SCM_RIGHTS = 1
const MSG_DONTWAIT = 0x40
const MSG_NOSIGNAL = 0x4000
/** sockaddr_un: the family, and a path of at most so many bytes. */
const mostPathBytes = 107
/** That one message takes: SCM_MAX_FD of the kernel. */
export const mostDescriptors = 253
/** Of cmsghdr, before the descriptors. */
const controlHeadBytes = 16

/**
 * Tells whoever started this process, such as systemd, how it does (sd_notify(3)): lines such as `READY=1`, with descriptors where
 * they are about some, to the socket that NOTIFY_SOCKET names. Returns 0 or more, or a negated errno.
 */
export function notify(socket: string, lines: string, descriptors: readonly number[] = []): number {
  if (Buffer.byteLength(socket) > mostPathBytes) return -libc.errno.ENAMETOOLONG
  const path = Buffer.from(socket)
  // A name that is no file's begins with @, which stands for a zero.
  if (path[0] === 0x40) path[0] = 0
  const address = memory(2 + path.length)
  address.bytes[0] = AF_UNIX
  address.bytes.set(path, 2)
  const text = memory(Buffer.byteLength(lines))
  text.bytes.set(Buffer.from(lines))
  const control = rightsOf(descriptors)
  const piece = memory(16)
  piece.view.setBigUint64(0, text.at, true)
  piece.view.setBigUint64(8, BigInt(text.length), true)
  // struct msghdr: name, pieces, control data; each as a pointer and a length.
  const message = memory(56)
  message.view.setBigUint64(0, address.at, true)
  message.view.setUint32(8, address.length, true)
  message.view.setBigUint64(16, piece.at, true)
  message.view.setBigUint64(24, 1n, true)
  message.view.setBigUint64(32, control?.at ?? 0n, true)
  message.view.setBigUint64(40, BigInt(control?.length ?? 0), true)
  const fd = libc.socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)
  if (fd < 0) return fd
  const result = libc.sendmsg(fd, message.bytes, MSG_DONTWAIT | MSG_NOSIGNAL)
  libc.close(fd)
  return result
}

/** Asks systemd for a sign that it has dealt with all it was told: returns a descriptor that ends then, or a negated errno. */
export function notifyBarrier(socket: string): number {
  const ends = new Int32Array(2)
  const result = libc.pipe2(ends, O_CLOEXEC)
  if (result < 0) return result
  const [sign, theirs] = ends as unknown as [number, number]
  const told = notify(socket, 'BARRIER=1', [theirs])
  libc.close(theirs)
  if (told >= 0) return sign
  libc.close(sign)
  return told
}

/** struct cmsghdr: its length with the data, level and type, and the data. */
function rightsOf(descriptors: readonly number[]): Memory | undefined {
  if (descriptors.length === 0) return undefined
  const rights = memory(controlHeadBytes + 4 * descriptors.length)
  rights.view.setBigUint64(0, BigInt(rights.length), true)
  rights.view.setInt32(8, SOL_SOCKET, true)
  rights.view.setInt32(12, SCM_RIGHTS, true)
  for (const [i, fd] of descriptors.entries()) rights.view.setInt32(controlHeadBytes + 4 * i, fd, true)
  return rights
}

/** What the kernel reads by its address, and how much of it. */
interface Memory {
  readonly bytes: Uint8Array
  readonly view: DataView
  readonly at: bigint
  readonly length: number
}

/** More than the 64 bytes up to which memory may move. */
const leastBytes = 128

function memory(length: number): Memory {
  const bytes = new Uint8Array(Math.max(leastBytes, length))
  return { bytes, view: new DataView(bytes.buffer), at: BigInt(libc.addressOfMemory(bytes)), length }
}
