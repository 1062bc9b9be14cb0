import { readdirSync, readlinkSync } from 'node:fs'

/** Open descriptors of a process, by what they lead to. */
export interface Descriptors {
  readonly sockets: number
  readonly pipes: number
  /** Files, eventfds, epoll instances, ... */
  readonly others: number
}

/** What a process, this one unless told otherwise, has open now. */
export function descriptors(pid: number | 'self' = 'self'): Descriptors {
  const folder = `/proc/${pid}/fd`
  const places = readdirSync(folder).map((fd) => placeOf(`${folder}/${fd}`))
  const sockets = places.filter((place) => place.startsWith('socket:')).length
  const pipes = places.filter((place) => place.startsWith('pipe:')).length
  // The one that lists the folder is gone when it is looked at.
  return { sockets, pipes, others: places.filter((place) => place !== '').length - sockets - pipes }
}

function placeOf(link: string): string {
  try {
    return readlinkSync(link)
  } catch {
    return ''
  }
}
