import type { Epoll } from '../../os/epoll.ts'
import type { Editor, Limit } from '../../socks/conversation.ts'
import type { Liveness, Timeouts } from '../engine.ts'
import type { EgressAddresses } from '../shared/egress-addresses.ts'
import type { LimitLines } from '../shared/limit-lines.ts'
import type { LongHeads } from '../shared/long-heads.ts'
import type { OwnPolicy } from '../shared/own-policy.ts'
import type { Verdicts } from '../shared/verdicts.ts'
import type { LoopMessage } from './loop-messages.ts'
import type { Names } from './names.ts'
import type { OpenDescriptors } from './open-descriptors.ts'
import type { Refusals } from './refusals.ts'
import type { Replies } from './replies.ts'
import type { Clock, Sessions } from './sessions.ts'

/** What a loop has for every stage of its sessions' way. What may change, orders write into it. */
export interface LoopContext {
  readonly sessions: Sessions
  readonly epoll: Epoll
  readonly openDescriptors: OpenDescriptors
  readonly clock: Clock
  readonly names: Names
  readonly replies: Replies
  readonly refusals: Refusals
  /** What users may use, and use: shared with the other loops. */
  readonly limitLines: LimitLines
  readonly egress: EgressAddresses
  /** By slot, of sessions of which not all that the client sends goes on. */
  readonly bounds: Map<number, Limit>
  /** By slot, of sessions in which not all that the destination says goes on as it is. */
  readonly editors: Map<number, Editor>
  /** Of sessions of this loop. */
  readonly longHeads: LongHeads
  /** To the main thread. */
  readonly post: (message: LoopMessage) => void
  /** Of deadlines that are set from now on. */
  timeouts: Timeouts
  /** Of connections that begin from now on. */
  liveness: Liveness
  /** Of what is asked for from now on. */
  policy: OwnPolicy
  /** Of every request and every address that is reached from now on. */
  verdicts: Verdicts
}
