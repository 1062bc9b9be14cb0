import type { NamedSocket, SocketRole } from '../sockets/handed-sockets.ts'

/** What systemd calls sockets: as a unit for sockets says (FileDescriptorName=), or as this daemon has had it keep them. */
export interface SocketName {
  readonly role: SocketRole
  /** Of which forward, from 1 on. */
  readonly place: number | undefined
  readonly isKept: boolean
}

const form = /^(kept-)?(?:(socks|control|control-tls|metrics)|(forward)(?:-(\d{1,2}))?)$/

/** Undefined if it is called anything else. */
export function socketName(text: string): SocketName | undefined {
  const [name, kept, single, forward, place] = form.exec(text) ?? []
  if (name === undefined) return undefined
  return {
    role: (single ?? forward) as SocketRole,
    place: place ? Number(place) : undefined,
    isKept: kept !== undefined,
  }
}

export const keptNames: ReadonlySet<string> = new Set(
  (['socks', 'forward', 'control', 'control-tls', 'metrics'] as const).map(kept),
)

function kept(role: SocketRole): string {
  return `kept-${role}`
}

/** The name under which it is kept; undefined for an address that a socket itself does not tell in full. */
export function keptName({ role, address }: NamedSocket): string | undefined {
  return address.includes('%') ? undefined : kept(role)
}
