import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { bindSocket, close, recv, socket } from '../../daemon/os/libc.ts'
import { temporaryFolder } from './temporary-folder.ts'

/**
 * What a process tells that was started with this NOTIFY_SOCKET, as systemd would hear it. What it is given to keep is open until it
 * reads that: now and then, or, if it is `busy`, only when asked for what it has heard.
 */
export async function startServiceManager({ busy = false } = {}): Promise<{ path: string; heard(): string[] }> {
  const path = join(await temporaryFolder(), 'notify')
  // AF_UNIX; SOCK_DGRAM that does not wait.
  const fd = socket(1, 2 | 0o4000, 0)
  const address = Buffer.from(`\x01\0${path}\0`, 'latin1')
  if (bindSocket(fd, address, address.length) < 0) throw new Error(`cannot bind ${path}`)
  const lines: string[] = []
  const buffer = Buffer.alloc(4096)
  const heard = () => {
    for (let length = recv(fd, buffer, buffer.length, 0); length >= 0; length = recv(fd, buffer, buffer.length, 0))
      lines.push(buffer.toString('utf8', 0, length))
    return lines
  }
  // The kernel keeps ten of them for whoever does not listen, and the eleventh is lost.
  const listening = busy ? undefined : setInterval(heard, 50)
  onTestFinished(() => {
    clearInterval(listening)
    close(fd)
  })
  return { path, heard }
}
