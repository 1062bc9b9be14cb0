import type { Role } from '../../../shared/protocol/methods.ts'

/** How the app stands with its daemon. */
export type Link =
  /** `reason`: why it is done again; null the first time. */
  | { readonly state: 'connecting'; readonly reason: string | null }
  /** `readOnly`: with the right to change anything given up. */
  | { readonly state: 'online'; readonly instance: string; readonly role: Role; readonly readOnly?: boolean }
  /** Tried again at `retryAt`, milliseconds since 1970. */
  | { readonly state: 'offline'; readonly reason: string; readonly retryAt: number }
  /** Trying again by itself would not help: a wrong cookie or password. */
  | { readonly state: 'refused'; readonly reason: string }

/** Why there is no connection; null if there is one, or if none was tried before. */
export function reasonOf(link: Link): string | null {
  return link.state === 'online' ? null : link.reason
}

/** What is wrong, in words; null if nothing is. */
export function linkTrouble(link: Link, clock: number): string | null {
  switch (link.state) {
    case 'online':
      return null
    case 'connecting':
      return link.reason === null ? 'connecting' : `disconnected, retrying now: ${link.reason}`
    case 'offline':
      return `disconnected, retrying in ${Math.max(1, Math.ceil((link.retryAt - clock) / 1000))} s: ${link.reason}`
    case 'refused':
      return `refused, press r to try again: ${link.reason}`
  }
}
