import type { Socket } from 'node:net'
import type { RunningTime } from '../../running-time.ts'
import type { EngineServices, Liveness, Timeouts } from '../engine.ts'
import type { EgressAddresses } from '../shared/egress-addresses.ts'
import type { KnownSources } from '../shared/known-sources.ts'
import type { LimitLines } from '../shared/limit-lines.ts'
import type { LongHeads } from '../shared/long-heads.ts'
import type { OwnPolicy } from '../shared/own-policy.ts'
import type { PasswordMemory } from '../shared/password-memory.ts'
import type { RelayPorts } from '../shared/relay-ports.ts'
import type { Shares } from '../shared/shares.ts'
import type { Verdicts } from '../shared/verdicts.ts'
import type { WaitingRoom } from '../shared/waiting-datagrams.ts'
import type { DatagramTurns } from './datagram-turns.ts'
import type { Room } from './descriptors.ts'
import type { OwnBuffers } from './own-buffer.ts'
import type { Pacer } from './pacer.ts'
import type { PausedSides } from './paused-sides.ts'

/** What all sessions of an engine share; what can change meanwhile does so here. */
export interface SessionContext {
  readonly passwords: PasswordMemory
  readonly known: KnownSources
  readonly authenticate: EngineServices['authenticate']
  readonly resolver: Pick<EngineServices, 'resolve'>
  /** What users may use, and use. */
  readonly limitLines: LimitLines
  /** For sockets beside the two of each session. */
  readonly extras: Room
  readonly associations: Shares
  readonly relayPorts: RelayPorts
  readonly waitingRoom: WaitingRoom
  readonly datagramTurns: DatagramTurns
  readonly pacer: Pacer
  readonly buffers: OwnBuffers
  readonly paused: PausedSides
  readonly egress: EgressAddresses
  readonly longHeads: LongHeads
  /** By which sessions run out of time. */
  readonly time: RunningTime
  /** Tells an operator; see `EngineServices.warn`. */
  readonly warn: (message: string) => void
  /** When a client that talks, having said little more than once, said something last: `performance.now`. */
  talkAt: number
  timeouts: Timeouts
  liveness: Liveness
  verdicts: Verdicts
  /** Of what is asked for from now on. */
  policy: OwnPolicy
}

/** Has the kernel ask whether the other end still lives, if it is to. `socket` is connected. */
export function watchOver(socket: Socket, { keepalive }: Liveness): void {
  if (keepalive > 0) socket.setKeepAlive(true, keepalive * 1000)
}
