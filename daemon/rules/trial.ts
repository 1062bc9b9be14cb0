import { isUnspecified, parseAddress } from '../net/address.ts'
import { destinationOf } from '../net/destination.ts'
import type { OwnSockets } from '../policy/own-sockets.ts'
import type { RuleTest } from '../policy/rule.ts'
import { BuiltIn, firstRulePlace, RuleSet, type Subject } from '../policy/rule-set.ts'
import { Command } from '../socks/messages.ts'
import { indicesOf, type Members } from './rule-subjects.ts'

/** A request that nobody makes, to see what the rules say of it. */
export type Trial = Omit<RuleTest, 'line' | 'allow'>

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
  now: number,
): Phase[] {
  const subject = subjectOf(trial, members)
  const destination = destinationOf(trial.host, trial.port)
  const isLiteral = destination.kind === 'address'
  const phase = (address: string | undefined, decide: (rules: RuleSet) => number): Phase => {
    const decision = decide(new RuleSet(buffer))
    const place = Math.abs(decision)
    const next = place < firstRulePlace ? undefined : decide(new RuleSet(buffer, place))
    return { address, decision, next }
  }
  if (subject.command === Command.udpAssociate) {
    const request = phase(undefined, (rules) => rules.decideAssociation(subject, now))
    if (request.decision < 0) return [request]
  }
  const name = isLiteral ? undefined : destination.name
  const byName =
    name === undefined ? [] : [phase(undefined, (rules) => rules.decideName(subject, name, trial.port, now))]
  if (byName.some(({ decision }) => decision < 0)) return byName
  const addresses = isLiteral ? [trial.host] : trial.resolve
  const byAddress = addresses.flatMap((literal) => {
    const address = parseAddress(literal)
    if (!address || (subject.command === Command.bind && isUnspecified(address.bytes))) return []
    if (own.has(address, trial.port)) return { address: literal, decision: -BuiltIn.ownSockets, next: undefined }
    return phase(literal, (rules) => rules.decideAddress(subject, name, address.bytes, trial.port, now))
  })
  return [...byName, ...byAddress]
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
