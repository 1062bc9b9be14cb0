/**
 * Tells systemd how the service does, if it wants to hear (sd_notify(3)): `READY=1`, or by `MAINPID=` whose end is the service's
 * from now on. Without koffi it cannot be told, and `warn` hears of it.
 */
export async function tellManager(line: string, warn: (message: string) => void): Promise<void> {
  const socket = process.env.NOTIFY_SOCKET
  if (socket === undefined) return
  try {
    const { notify } = await import('./os/notify.ts')
    const result = notify(socket, line)
    if (result < 0) warn(`systemd does not hear ${line} (errno ${-result})`)
  } catch (error) {
    warn(`systemd does not hear ${line} (${(error as Error).message})`)
  }
}
