import type { DaemonLink, LinkState } from '../../tui/client/index.ts'

/** The next state of that kind, or the present one. */
export function reaches<S extends LinkState['status']>(
  link: DaemonLink,
  status: S,
): Promise<LinkState & { status: S }> {
  return new Promise((resolve) => {
    const look = (state: LinkState) => {
      if (state.status !== status) return
      stop()
      resolve(state as LinkState & { status: S })
    }
    const stop = link.subscribe(look)
    look(link.state)
  })
}
