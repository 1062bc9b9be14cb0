import { type Address, formatAddress, parseAddress } from '../net/address.ts'
import type { Destination } from '../net/destination.ts'
import { isAnybody, Judge } from '../policy/judge.ts'
import type { OwnSockets } from '../policy/own-sockets.ts'
import type { RuleTest } from '../policy/rule.ts'
import { firstRulePlace, RuleSet, type Subject } from '../policy/rule-set.ts'
import { Command } from '../socks/messages.ts'
import { indicesOf, type Members } from './rule-subjects.ts'

/** A request that nobody makes, to see what the rules say of it. */
export interface Trial extends Pick<RuleTest, 'who' | 'from' | 'command' | 'resolve'> {
  readonly destination: Destination
}

/** What the rules say at one point of a request's way. */
export interface Phase {
  /** Undefined before addresses are known. */
  readonly address: string | undefined
  /** As `RuleSet` decides. */
  readonly decision: number
  /** What it would decide if it had not decided so; undefined where nothing lies behind that. */
  readonly next: number | undefined
}

/** The phases that a request goes through: by its name, then by each address, or by its address only. */
export function tryOut(
  buffer: SharedArrayBuffer,
  trial: Trial,
  { members, own }: { readonly members: Members; readonly own: OwnSockets },
): Phase[] {
  const subject = subjectOf(trial, members)
  const { destination } = trial
  const phase = (address: string | undefined, decide: (judge: Judge) => number): Phase => {
    const decision = decide(new Judge(own, new RuleSet(buffer)))
    const place = Math.abs(decision)
    const next = place < firstRulePlace ? undefined : decide(new Judge(own, new RuleSet(buffer, place)))
    return { address, decision, next }
  }
  if (subject.command === Command.udpAssociate) {
    const request = phase(undefined, (judge) => judge.admit(subject, destination))
    if (request.decision < 0) return [request]
  }
  const byAddress = (address: Address, name?: string) =>
    phase(formatAddress(address.bytes), (judge) => judge.judge(subject, name, address, destination.port))
  if (destination.kind === 'address' && !isAnybody(subject, destination.bytes)) return [byAddress(destination)]
  const name = destination.kind === 'name' ? destination.name : ''
  const byName = phase(undefined, (judge) => judge.judgeName(subject, name, destination.port))
  if (byName.decision < 0 || destination.kind === 'address') return [byName]
  const addresses = trial.resolve.flatMap((literal) => {
    const address = parseAddress(literal)
    return address ? byAddress(address, name) : []
  })
  return [byName, ...addresses]
}

/** Whether the request would be served: no name is denied, and there is an address that is not. */
export function isAllowed(phases: readonly Phase[]): boolean {
  const [byName, byAddress] = [false, true].map((has) =>
    phases.filter(({ address }) => (address !== undefined) === has),
  )
  const isAny = byAddress?.length === 0 || byAddress?.some(({ decision }) => decision >= 0)
  return byName?.every(({ decision }) => decision >= 0) === true && isAny === true
}

function subjectOf({ who, from, command }: Trial, members: Members): Subject {
  const commands = { connect: Command.connect, bind: Command.bind, 'udp-associate': Command.udpAssociate }
  const source = parseAddress(from)?.bytes ?? new Uint8Array(4)
  return { ...indicesOf(who, members), source, command: commands[command] }
}
