import { lastAddressOf, type Network } from '../net/network.ts'
import type { Rule, RuleDestination } from './rule.ts'

/**
 * Rules as loops read them: numbers in one piece of shared memory, so that a judgement allocates nothing and takes the
 * same time for one destination as for a hundred thousand. `RuleSet` reads what this writes.
 *
 * A destination leads to the rules that name it: ranges of addresses that do not overlap, in order, each with the narrowest
 * network around it, and a hash table of names. Networks and names hold the place of a list, and a list the numbers of
 * rules, in their order. A network's list is of the rules that name just that one; those on wider ones are found by the
 * next wider one that it tells, so that the memory grows with what is written, not with what overlaps.
 */

/** Places in the head, which is of 32-bit words. Offsets are in words from the start. */
export const Head = {
  rules: 0,
  anyList: 1,
  networkAllows: 2,
  specialList: 3,
  ipv4Count: 4,
  ipv4: 5,
  ipv6Count: 6,
  ipv6: 7,
  nameSlots: 8,
  names: 9,
  nameBytes: 10,
  lists: 11,
  records: 12,
  networks: 13,
  ports: 14,
  untils: 15,
  nests: 16,
} as const
const headWords = 17

/** Words of a rule's record. */
export const Field = {
  id: 0,
  allow: 1,
  who: 2,
  whoIndex: 3,
  from: 4,
  fromCount: 5,
  ports: 6,
  portCount: 7,
  commands: 8,
  resolving: 9,
  resolvingCount: 10,
} as const
export const recordWords = 11

/** Who a rule is about. `nobody`: a user or group that there is not, or not yet. */
export const Who = { any: 0, user: 1, group: 2, nobody: 3 } as const

/** Words of a network: family in bytes, prefix, four of address. */
export const networkWords = 6
/** Words of a named network among ranges: its list, and the next wider one that is named, by its place; 0: none, as the first of them is. */
export const nestWords = 2
/** Words of a slot in the table of names: hash, offset and length of the name's bytes, list for itself, list for names below. */
export const nameSlotWords = 5

/** A rule with its number for people, its destinations read from their files, and the index that its subject has now. */
export interface NumberedRule {
  readonly id: number
  readonly rule: Rule
  /** `rule.to`, with what is in files in place of them. */
  readonly to: readonly RuleDestination[]
}

/** Where a user or group stands in the loops' tables; undefined if there is none of that name. */
export type IndexOf = (kind: 'user' | 'group', name: string) => number | undefined

/** Compiles rules, the first of which is looked at first. */
export function compileRules(rules: readonly NumberedRule[], indexOf: IndexOf): SharedArrayBuffer {
  const lists = new Lists()
  const networks = new Words()
  const ports = new Words()
  const records = new Words()
  const words = new Words()
  for (let i = 0; i < headWords; i++) words.push(0)

  rules.forEach(({ id, rule }) => {
    const from = networks.length / networkWords
    for (const network of rule.from) pushNetwork(networks, network)
    const resolving = networks.length / networkWords
    for (const network of rule.resolving) pushNetwork(networks, network)
    const portsAt = ports.length
    for (const { first, last } of rule.ports) ports.push(first, last)
    const commands = rule.commands.reduce((mask, command) => mask | commandBit[command], 0)
    records.push(id, Number(rule.allow), 0, 0, from, rule.from.length, portsAt, rule.ports.length)
    records.push(commands, resolving, rule.resolving.length)
  })

  const numbersOf = (wanted: (destination: RuleDestination, rule: Rule) => boolean) =>
    rules.flatMap(({ rule, to }, number) => {
      const destinations: readonly RuleDestination[] = rule.to.length > 0 ? to : [{ kind: 'any' }]
      return destinations.some((destination) => wanted(destination, rule)) ? [number] : []
    })
  const anyList = lists.add(numbersOf(({ kind }) => kind === 'any'))
  const specialList = lists.add(numbersOf(({ kind }) => kind === 'special'))
  const networkAllows = lists.add(
    numbersOf(({ kind }, { allow }) => allow && (kind === 'network' || kind === 'special')),
  )

  const nests = new Words()
  nests.push(lists.add([]), 0)
  const ipv4 = ranges(rules, ipv4Family, lists, nests)
  const ipv6 = ranges(rules, ipv6Family, lists, nests)
  const names = nameTable(rules, lists)

  const head: Record<number, number> = {
    [Head.rules]: rules.length,
    [Head.anyList]: anyList,
    [Head.networkAllows]: networkAllows,
    [Head.specialList]: specialList,
    [Head.ipv4Count]: ipv4.length / 2,
    [Head.ipv4]: words.append(ipv4),
    [Head.ipv6Count]: ipv6.length / 5,
    [Head.ipv6]: words.append(ipv6),
    [Head.nameSlots]: names.slots.length / nameSlotWords,
    [Head.names]: words.append(names.slots),
    [Head.nameBytes]: words.appendBytes(names.bytes),
    [Head.lists]: words.append(lists.words),
    [Head.records]: words.append(records),
    [Head.networks]: words.append(networks),
    [Head.ports]: words.append(ports),
    [Head.nests]: words.append(nests),
    [Head.untils]: words.appendTimes(rules.map(({ rule }) => rule.until ?? Number.POSITIVE_INFINITY)),
  }
  for (const [place, value] of Object.entries(head)) words.set(Number(place), value)
  const buffer = words.toBuffer()
  const heads = rules.map(({ rule }) => rule)
  writeSubjects(buffer, heads, indexOf)
  return buffer
}

/**
 * Writes where the users and groups that rules name stand now; what reads the same memory acts by it at once. What is as before is
 * not touched: a request that is judged meanwhile must not find a rule to be about nobody.
 */
export function writeSubjects(buffer: SharedArrayBuffer, rules: readonly Pick<Rule, 'who'>[], indexOf: IndexOf): void {
  const words = new Int32Array(buffer)
  rules.forEach(({ who }, number) => {
    const record = words[Head.records] + number * recordWords
    const index = who.kind === 'any' ? 0 : indexOf(who.kind, who.name)
    const kind = index === undefined ? Who.nobody : Who[who.kind]
    if (words[record + Field.who] === kind && words[record + Field.whoIndex] === (index ?? 0)) return
    // Nobody first: a reader in between must not take the old index for the new kind.
    Atomics.store(words, record + Field.who, Who.nobody)
    Atomics.store(words, record + Field.whoIndex, index ?? 0)
    Atomics.store(words, record + Field.who, kind)
  })
}

/** By CMD (RFC 1928, section 4). */
const commandBit = { connect: 1 << 1, bind: 1 << 2, 'udp-associate': 1 << 3 } as const

/** FNV-1a over a name from its end, so that each suffix's hash is on the way to the whole one's. */
export const hashStart = 0x811c9dc5 | 0
export function hashStep(hash: number, code: number): number {
  return Math.imul(hash ^ code, 0x01000193)
}

/** Every different list of rule numbers, once: a length and the numbers. */
class Lists {
  readonly words = new Words()
  readonly #known = new Map<string, number>()

  /** Returns where the list lies, from the lists' start. */
  add(numbers: readonly number[]): number {
    const key = numbers.join()
    const known = this.#known.get(key)
    if (known !== undefined) return known
    const at = this.words.length
    this.words.push(numbers.length)
    for (const number of numbers) this.words.push(number)
    this.#known.set(key, at)
    return at
  }
}

/**
 * Ranges that do not overlap, in order: the first address of each as words, and the narrowest network around it that a rule
 * names, as its place in `nests`, which gets them. Of two networks one lies in the other, or they have nothing in common.
 */
function ranges<Key extends number | bigint>(
  rules: readonly NumberedRule[],
  { bytes: family, keyOf, behind, first, end, write }: Family<Key>,
  lists: Lists,
  nests: Words,
): Words {
  const named: { readonly at: Key; readonly network: Network; readonly number: number }[] = []
  rules.forEach(({ to }, number) => {
    for (const destination of to) {
      if (destination.kind !== 'network' || destination.network.bytes.length !== family) continue
      const { network } = destination
      named.push({ at: keyOf(network.bytes), network, number })
    }
  })
  // The wider one first, and the rules on the same one in their order.
  named.sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : a.network.prefix - b.network.prefix))

  const result = new Words()
  let begun = { at: first, nest: 0 }
  const begin = (at: Key, nest: number) => {
    if (at !== begun.at) {
      write(result, begun.at)
      result.push(begun.nest)
    }
    begun = { at, nest }
  }
  /** The networks around a place, the narrowest last. */
  const around: { readonly behind: Key; readonly nest: number }[] = []
  const leave = (upTo: Key) => {
    for (let inner = around.at(-1); inner && inner.behind <= upTo; inner = around.at(-1)) {
      around.pop()
      begin(inner.behind, around.at(-1)?.nest ?? 0)
    }
  }
  for (let i = 0; i < named.length; ) {
    const { at, network } = named[i]
    const numbers: number[] = []
    for (let same = named[i]; same?.at === at && same.network.prefix === network.prefix; same = named[++i])
      if (numbers.at(-1) !== same.number) numbers.push(same.number)
    leave(at)
    const nest = nests.length / nestWords
    nests.push(lists.add(numbers), around.at(-1)?.nest ?? 0)
    around.push({ behind: behind(keyOf(lastAddressOf(network))), nest })
    begin(at, nest)
  }
  leave(end)
  if (begun.at < end) begin(end, 0)
  return result
}

/** The addresses of one family as what can be compared: numbers for IPv4, of which there may be many. */
interface Family<Key> {
  readonly bytes: 4 | 16
  keyOf(address: Uint8Array): Key
  /** The next address. */
  behind(key: Key): Key
  readonly first: Key
  /** Behind the last one. */
  readonly end: Key
  /** As words. */
  write(words: Words, key: Key): void
}

const ipv4Family: Family<number> = {
  bytes: 4,
  keyOf: (address) => new DataView(address.buffer, address.byteOffset).getUint32(0),
  behind: (key) => key + 1,
  first: 0,
  end: 2 ** 32,
  write: (words, key) => words.push(key),
}

const ipv6Family: Family<bigint> = {
  bytes: 16,
  keyOf: toBigInt,
  behind: (key) => key + 1n,
  first: 0n,
  end: 1n << 128n,
  write(words, key) {
    for (let i = 96n; i >= 0n; i -= 32n) words.push(Number((key >> i) & 0xffffffffn))
  },
}

function toBigInt(bytes: Uint8Array): bigint {
  let value = 0n
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  for (let at = 0; at < bytes.length; at += 4) value = (value << 32n) | BigInt(view.getUint32(at))
  return value
}

/** An open hash table, at most half full. */
function nameTable(rules: readonly NumberedRule[], lists: Lists): { slots: Words; bytes: Uint8Array } {
  const rulesOf = new Map<string, { self: number[]; below: number[] }>()
  rules.forEach(({ to }, number) => {
    for (const destination of to) {
      if (destination.kind !== 'name') continue
      const { name, match } = destination
      const both = rulesOf.get(name) ?? { self: [], below: [] }
      rulesOf.set(name, both)
      if (match !== 'below' && both.self.at(-1) !== number) both.self.push(number)
      if (match !== 'exact' && both.below.at(-1) !== number) both.below.push(number)
    }
  })
  const size = 2 ** Math.ceil(Math.log2(2 * rulesOf.size + 1))
  const slots = new Words()
  for (let i = 0; i < size * nameSlotWords; i++) slots.push(0)
  const bytes = new Uint8Array([...rulesOf.keys()].reduce((sum, name) => sum + name.length, 0))
  let end = 0
  for (const [name, { self, below }] of rulesOf) {
    let hash = hashStart
    for (let i = name.length - 1; i >= 0; i--) hash = hashStep(hash, name.charCodeAt(i))
    let slot = hash & (size - 1)
    while (slots.at(slot * nameSlotWords + 2) !== 0) slot = (slot + 1) & (size - 1)
    for (let i = 0; i < name.length; i++) bytes[end + i] = name.charCodeAt(i)
    slots.setAll(slot * nameSlotWords, [hash, end, name.length, lists.add(self), lists.add(below)])
    end += name.length
  }
  return { slots, bytes }
}

function pushNetwork(words: Words, { bytes, prefix }: Network): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  words.push(bytes.length, prefix)
  for (let at = 0; at < 16; at += 4) words.push(at < bytes.length ? view.getInt32(at) : 0)
}

/** 32-bit words that grow. */
class Words {
  #words = new Int32Array(256)
  length = 0

  at(place: number): number {
    return this.#words[place]
  }

  set(place: number, value: number): void {
    this.#words[place] = value
  }

  setAll(place: number, values: readonly number[]): void {
    this.#words.set(values, place)
  }

  push(...values: readonly number[]): void {
    this.#reserve(values.length)
    for (const value of values) this.#words[this.length++] = value
  }

  /** Returns where it begins. */
  append(other: Words): number {
    const at = this.length
    this.#reserve(other.length)
    this.#words.set(other.#words.subarray(0, other.length), at)
    this.length += other.length
    return at
  }

  appendBytes(bytes: Uint8Array): number {
    const at = this.length
    this.#reserve(Math.ceil(bytes.length / 4))
    new Uint8Array(this.#words.buffer).set(bytes, 4 * at)
    this.length += Math.ceil(bytes.length / 4)
    return at
  }

  /** As 64-bit floating-point numbers, aligned. */
  appendTimes(times: readonly number[]): number {
    if (this.length % 2 === 1) this.push(0)
    const at = this.length
    this.#reserve(2 * times.length)
    new Float64Array(this.#words.buffer, 4 * at, times.length).set(times)
    this.length += 2 * times.length
    return at
  }

  toBuffer(): SharedArrayBuffer {
    const buffer = new SharedArrayBuffer(4 * (this.length + (this.length % 2)))
    new Int32Array(buffer).set(this.#words.subarray(0, this.length))
    return buffer
  }

  #reserve(more: number): void {
    if (this.length + more <= this.#words.length) return
    const words = new Int32Array(2 ** Math.ceil(Math.log2(this.length + more)))
    words.set(this.#words.subarray(0, this.length))
    this.#words = words
  }
}
