import { Failure } from '../failure.ts'
import type { Endpoint } from '../net/endpoint.ts'
import { HandedSockets, type NamedSocket } from '../sockets/handed-sockets.ts'
import { type Answer, Channel } from './channel.ts'

/** By this a process knows that the one that started it makes way for it: the latter's number, in the environment. */
export const makesWay = 'PROXYD_MAKES_WAY'
/** The first descriptor of those that are handed over; before it are the three of every process, and the pipe. */
const firstHanded = 4

/** What a daemon leaves to its successor, beside descriptors. */
export interface Estate {
  /** Daemons in a row, this one included: 1 of the first. */
  readonly generation: number
  /** By what clients on this machine log in, which stays good. */
  readonly cookie: string
  /** The names of the descriptors, in their order. */
  readonly sockets: readonly Omit<NamedSocket, 'fd'>[]
}

/** The daemon that makes way for this one, as this one sees it. */
export class Predecessor {
  readonly generation: number
  readonly cookie: string
  readonly handed: HandedSockets
  readonly channel: Channel
  /** Connections that it still serves, and those before it. */
  live = 0
  /** Answers what it asks once this one serves. */
  answer: Answer = () => {
    throw new Error('not yet')
  }

  private constructor(channel: Channel, { generation, cookie, sockets }: Estate) {
    this.channel = channel
    this.generation = generation
    this.cookie = cookie
    this.handed = new HandedSockets(sockets.map((socket, i) => ({ ...socket, fd: firstHanded + i })))
  }

  /**
   * Undefined if nobody makes way: the daemon is started as always. Rejects with a `Failure` if that one has gone meanwhile: started
   * as always, this one would hold its sockets and never look at them, and whoever came there would wait for good.
   */
  static async find(): Promise<Predecessor | undefined> {
    const maker = process.env[makesWay]
    delete process.env[makesWay]
    if (maker === undefined || process.send === undefined) return undefined
    const gone = new Failure(1, 'the proxyd that this one was to take over from has gone: start it anew')
    if (maker !== String(process.ppid)) throw gone
    let answer: Answer = () => undefined
    const channel = new Channel(process, (question, given) => answer(question, given))
    const estate = await channel.ask('estate').catch(() => {
      throw gone
    })
    const predecessor = new Predecessor(channel, estate as Estate)
    answer = (question, given) => predecessor.answer(question, given)
    return predecessor
  }

  /** Resolves when the store and the runtime folder are this one's: also if the other has gone, for then they are free. */
  async borrow(): Promise<void> {
    const borrowed = this.channel.ask('lend')
    borrowed.catch(() => {})
    await Promise.race([borrowed, this.channel.closed])
  }

  /** Tells where this one listens: the other keeps the clients that it has from there. */
  async listens(at: readonly Endpoint[]): Promise<void> {
    await this.channel.ask('listens', { at }).catch(() => {})
  }

  /** Tells that this one serves: from now on the other takes no clients. */
  async serves(version: string): Promise<void> {
    this.handed.closeRest()
    await this.channel.ask('serves', { version }).catch(() => {})
  }

  /** Tells why this one does not come to serve. */
  async failed(reason: string): Promise<void> {
    await this.channel.ask('failed', { reason }).catch(() => {})
  }
}
