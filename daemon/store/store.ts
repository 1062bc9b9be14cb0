import type { Limits } from '../../shared/limits.ts'
import type { ErrorKind } from '../../shared/protocol/errors.ts'
import type { AuditEntry, Ban, Operator } from '../../shared/protocol/methods.ts'
import type { SettingValue } from '../../shared/settings.ts'
import { Refusal } from '../refusal.ts'

/**
 * What must outlast the daemon. One daemon has it to itself, or those of a fleet share it: then each change is also one of
 * `fleet.changesSince`. A change that has resolved survives a crash, one that has rejected was not made; both with a StoreError,
 * and reads too. Where the store is on another machine, and the connection broke on the last word, that says so: it may have been made.
 */
export interface Store {
  /** In words for people: where it is. */
  readonly called: string
  readonly users: UserStore
  readonly groups: GroupStore
  readonly usage: UsageStore
  readonly operators: OperatorStore
  readonly settings: SettingsStore
  readonly bans: BanStore
  readonly known: KnownStore
  readonly rules: RuleStore
  readonly imports: ImportStore
  readonly backups: BackupStore
  readonly audit: AuditStore
  readonly watches: WatchStore
  /** What the daemons of a fleet have in common; undefined where the store is one daemon's own. */
  readonly fleet: FleetStore | undefined
  /** Hear of each change how it went, until the returned function is called. */
  watch(listener: ChangeListener): () => void
  /** Its thread gives back what its heap has left over (`shrinkHeap`). Rejects with a StoreError. */
  shrink(): Promise<void>
  /**
   * Closes it for another process to open: what is asked of it from now on waits. One of another version may change what this one
   * can read: then `keepsCopy` is worth its time and room.
   */
  lend(keepsCopy: boolean): Promise<void>
  /** Goes on here, with what waits. Rejects with a StoreError if it cannot be opened; then the next call tries again. */
  takeBack(): Promise<void>
  /** Behind `lend`: another process keeps it for good, which is told what is changed, and asked what changes are built on. */
  giveAway(elsewhere: Elsewhere): void
  /** Gives everything back; nothing may be asked of the store from then on. */
  close(): Promise<void>
}

/** The process that keeps a store in the place of this one, as its parts are asked. */
export interface Elsewhere {
  change(part: string, method: string, given: readonly unknown[]): Promise<unknown>
  /** Rejects with a StoreError unless changes here are built on that. */
  read(part: string, method: string, given: readonly unknown[]): Promise<unknown>
}

/** Hears how many milliseconds a change took, and what kept it from being stored, if something did. */
export type ChangeListener = (took: number, error?: unknown) => void

/** A user as kept between runs. */
export interface StoredUser {
  /** Stays with the user across runs, and is never given again, also when the user is gone. */
  readonly id: number
  /** Of one user at a time. */
  readonly name: string
  /** A text of `formatPasswordHash`; the store does not look inside. */
  readonly password: string
  readonly enabled: boolean
  /** Whole milliseconds since 1970. */
  readonly created: number
  readonly limits: Limits
  /** Of the change that set the limits last, counted over all users and groups; 0: they were never set. */
  readonly revision: number
  /** Whole milliseconds since 1970; null: their first use is not known, or does not matter. */
  readonly firstUsed: number | null
}

/**
 * Stands for limits of which the store tells nothing that can be read: what they kept somebody from is not known. Stored, it means the
 * same.
 */
export const damagedLimits: Limits = { expires: 'damaged' }

/** What a change of limits changes of a user. */
export interface StoredLimits extends Pick<StoredUser, 'id' | 'limits' | 'revision' | 'firstUsed'>, BuiltOn {}

/** What a change of limits is made from, which another node may have changed meanwhile. */
export interface BuiltOn {
  /** The revision of that; undefined: it does not matter. */
  readonly was?: number | undefined
  /** Names of the limits that the change is about: what others have changed of the rest stays. Undefined: then it is refused. */
  readonly fields?: readonly string[] | undefined
}

/** What a change of a login changes of a user: where others may have changed something else of the same user, that stays. */
export interface LoginChange extends Pick<StoredUser, 'id'> {
  readonly password?: string | undefined
  readonly enabled?: boolean | undefined
  readonly created?: number | undefined
  /** The password that the change is made from; undefined: it does not matter. */
  readonly was?: string | undefined
}

export interface UserStore {
  /** All of them, in no particular order. */
  list(): Promise<StoredUser[]>
  named(name: string): Promise<StoredUser | undefined>
  /** How many there are; with the name of a group, how many are in it. */
  count(group?: string): Promise<number>
  /** Resolves to the new user's id; undefined if the name is taken, and then nothing has changed. */
  insert(user: Omit<StoredUser, 'id'>): Promise<number | undefined>
  /** Changes that of the user with the id, and nothing else. False if there is none, or the password is not what it `was`. */
  update(change: LoginChange): Promise<boolean>
  /**
   * All of them or none; users who are not there are passed over. Refused with `conflict` if another node has changed the
   * limits of one of them since the revision they `was`, and the change says no `fields`; or if it has removed the group that one is to be in.
   */
  setLimits(changes: readonly StoredLimits[]): Promise<void>
  /** Does nothing if there is none. */
  remove(id: number): Promise<void>
}

/** A group of users as kept between runs. */
export interface StoredGroup {
  readonly name: string
  readonly limits: Limits
  /** As of users. */
  readonly revision: number
}

export interface GroupStore {
  /** All of them, in no particular order. */
  list(): Promise<StoredGroup[]>
  /** Adds the group, or replaces the one of that name; `was` is 0 of one that is new. Refused with `conflict` as limits of users are. */
  put(group: StoredGroup, from?: BuiltOn): Promise<void>
  /** Does nothing if there is none. Refused with `conflict` if another node has put somebody into it. */
  remove(name: string): Promise<void>
}

/** What a user has moved in all runs, and had when the present cycle of their quota began. */
export interface StoredUsage {
  /** The user's id. */
  readonly user: number
  /** Bytes. */
  readonly up: number
  readonly down: number
  /** Of `up` and `down` together. */
  readonly mark: number
  /** When the mark was set, in whole milliseconds since 1970; 0: never. */
  readonly marked: number
}

/** Stands for all clients without login. */
export const noLogin = 0
/** Stands for users who are gone, and for those who are not stored. */
export const others = -1

/** Numbers of one user in a `UsageBatch`, and where each of them is. */
export const usageCells = {
  user: 0,
  up: 1,
  down: 2,
  mark: 3,
  marked: 4,
  moreUp: 5,
  moreDown: 6,
  moreConnections: 7,
} as const
export const usageWidth = 8

/** What was used since the batch before. */
export interface UsageBatch {
  /** Of the run of the daemon, and of the batch in it: the same batch is stored once, however often it is given. */
  readonly run: number
  readonly number: number
  /** When it was, in whole milliseconds since 1970. */
  readonly time: number
  /**
   * By user, `usageWidth` numbers as `usageCells` has them: the cells of `StoredUsage` as this node knows them, and bytes and
   * ended connections since the batch before, which are among them. `user` may be `noLogin` or `others`, of whom only the latter count.
   */
  readonly rows: Float64Array
}

export type UsageBy = 'hour' | 'day' | 'user' | 'group'

export interface UsageWish {
  /** A user's id, or `noLogin`; undefined: all together. */
  readonly user?: number | undefined
  /** Whole milliseconds since 1970: whole hours, or days of UTC, that begin in between; the second is excluded. */
  readonly since: number
  readonly until: number
  readonly by: UsageBy
  readonly offset: number
  readonly limit: number
}

/** What was used in a span of time, or by somebody. */
export interface UsageRow {
  /** When the hour or day begins, in milliseconds since 1970; null unless it was asked for by them. */
  readonly start: number | null
  /** The user's id, `noLogin` or `others`, and the user's name; null unless it was asked for by users. */
  readonly user: number | null
  readonly name: string | null
  /** Null unless it was asked for by groups, and for who is in none. */
  readonly group: string | null
  readonly up: number
  readonly down: number
  readonly connections: number
}

export interface UsageStore {
  /** All of them, in no particular order. */
  list(): Promise<StoredUsage[]>
  /**
   * Adds this to what there is of these users, and to their hour and day; all or none. Of users of whom there is nothing yet it
   * takes the whole. It goes with its user, but for what hours and days tell, which stays as that of `others`. Hours and
   * days are kept as `usageSpans` says.
   *
   * A mark that is newer than the stored one takes its place, as far behind the total of all nodes as it is behind that of
   * this one, `more` at most.
   */
  save(batch: UsageBatch): Promise<void>
  /** By time from the oldest on; users and groups from the one that moved most on. */
  read(wish: UsageWish): Promise<UsageRow[]>
}

/** A named operator as kept between runs: of the password only what SCRAM checks a login against. */
export interface StoredOperator {
  readonly name: string
  readonly role: Operator['role']
  readonly salt: Uint8Array
  readonly iterations: number
  readonly storedKey: Uint8Array
  readonly serverKey: Uint8Array
  /** Whole milliseconds since 1970. */
  readonly created: number
}

/** What SCRAM checks a password against. */
export type StoredKeys = Pick<StoredOperator, 'salt' | 'iterations' | 'storedKey' | 'serverKey'>

/** What a change changes of an operator, of whom another node may have changed something else. One of a later `created` is somebody else. */
export interface OperatorChange extends Pick<StoredOperator, 'name' | 'created'> {
  readonly role?: StoredOperator['role'] | undefined
  readonly keys?: StoredKeys | undefined
}

export interface OperatorStore {
  /** All of them, in no particular order. */
  list(): Promise<StoredOperator[]>
  /** False if the name is taken; then nothing has changed. */
  insert(operator: StoredOperator): Promise<boolean>
  /** Changes that of the operator, and nothing else; false if that one is there no more. */
  update(change: OperatorChange): Promise<boolean>
  /** Does nothing if there is none. */
  remove(name: string): Promise<void>
  /** 32 random bytes, the same for as long as there is this store. */
  decoySecret(): Promise<Uint8Array>
}

export interface StoredSettings {
  /** Of the last change; 0 if there was none. */
  readonly revision: number
  /** By name. Another version of proxyd may have stored names and values that this one does not know. */
  readonly values: ReadonlyMap<string, SettingValue>
}

/** Stands for the value of a setting that is damaged in the store: no setting can have it. */
export const damagedSetting: SettingValue = Number.NaN

export interface SettingsStore {
  load(): Promise<StoredSettings>
  /**
   * Puts these values by name, and takes back those that are null, as the change with this revision. Refused with `conflict` if
   * another node has saved some since this one has loaded or saved them last.
   */
  save(revision: number, changes: ReadonlyMap<string, SettingValue | null>): Promise<void>
}

/** What the daemon looks out for, as kept between runs. */
export interface StoredWatch {
  readonly name: string
  readonly text: string
  /** Whole milliseconds since 1970. */
  readonly created: number
  /** Who added it. */
  readonly by: string
  /** Destinations that are not new any more; undefined: what the store says of them is damaged. */
  readonly seen: readonly string[] | undefined
}

export interface WatchStore {
  /** All of them, in the order in which they were added. */
  list(): Promise<StoredWatch[]>
  /** False if the name is taken; then nothing has changed. */
  insert(watch: StoredWatch): Promise<boolean>
  /** What it has seen by now; does nothing if there is none of that name that was added then. */
  learn(watch: Pick<StoredWatch, 'name' | 'created' | 'seen'>): Promise<void>
  /** Does nothing if there is none. */
  remove(name: string): Promise<void>
}

export interface BanStore {
  /** All of them, in no particular order, those included that have passed. */
  list(): Promise<Ban[]>
  /**
   * All or none: puts each of these bans in the place of one with its source, and forgets those of the sources that are null. Those that
   * have passed by the clock here are forgotten, too, where that is the clock that counts: a store that nodes share goes by its own.
   */
  save(changes: ReadonlyMap<string, Ban | null | 'passed'>): Promise<void>
}

/** Where users logged in well from lately, as kept between runs. */
export interface StoredKnown {
  /** Milliseconds since 1970. */
  readonly saved: number
  /** What `KnownSources.entries` gave then. */
  readonly entries: Uint8Array
}

export interface KnownStore {
  /** Undefined if this node has saved none yet. */
  load(): Promise<StoredKnown | undefined>
  /** In place of what was saved before. */
  save(known: StoredKnown): Promise<void>
}

/** Rules as kept between runs. */
export interface StoredRules {
  /** Of the last change; 0 if there was none. */
  readonly revision: number
  readonly text: string
  /** The numbers of the rules in the text, in their order, and the next one to be given; none if they are damaged in the store. */
  readonly ids: readonly number[]
  readonly nextId: number
}

export interface RuleStore {
  load(): Promise<StoredRules | undefined>
  /** Refused with `conflict` as settings are. */
  save(rules: StoredRules): Promise<void>
}

/** One who comes from elsewhere, with what they have moved there, if anything: no other node must know them without it. */
export interface AddedUser extends Omit<StoredUser, 'id'> {
  readonly used?: Omit<StoredUsage, 'user'> | undefined
}

export interface ImportStore {
  /**
   * Puts groups and users, all or none; resolves to the ids of those who are added, whose names nobody has yet. Refused with `conflict` as
   * each of these changes is, and if another node has removed somebody whom one is about.
   */
  save(changes: {
    readonly groups: readonly (StoredGroup & Pick<BuiltOn, 'was'>)[]
    readonly added: readonly AddedUser[]
    readonly logins: readonly LoginChange[]
    readonly limits: readonly StoredLimits[]
  }): Promise<number[]>
}

export interface BackupStore {
  /**
   * Copies the store, with what is changed meanwhile, into an empty file; resolves to its length in bytes. A close of the
   * store waits for it. A file that it could not fill is left to the caller.
   */
  make(file: string): Promise<number>
}

/** How much of the audit is kept. */
export interface AuditKept {
  /** In whole milliseconds since 1970: what is older goes. */
  readonly since: number
  /** Of the texts of all entries: beyond it the oldest go. */
  readonly bytes: number
}

/** Which entries of the audit are wanted: those of whom everything that is there is true. */
export interface AuditWish {
  /** Whole milliseconds since 1970, this one included. */
  readonly since?: number | undefined
  /** Whole milliseconds since 1970, this one excluded. */
  readonly until?: number | undefined
  readonly by?: string | undefined
  /** A method, or its first word. */
  readonly action?: string | undefined
  /** Only what was entered before the entry with this id. */
  readonly before?: number | undefined
  readonly limit: number
}

/** What operators did. */
export interface AuditStore {
  /** Adds these, in this order, all or none, and tells their ids. In a fleet they are of this node. */
  append(entries: readonly Omit<AuditEntry, 'id'>[], kept: AuditKept): Promise<number[]>
  /** The newest first. */
  list(wish: AuditWish): Promise<AuditEntry[]>
}

/** Where in the list of changes somebody is. */
export interface ChangeMark {
  /** Grows by one with each change; who reads them in this order passes none over. 0: before the first one. */
  readonly seq: number
  /**
   * When that one was made, by the clock of the store in microseconds since 1970: one of its number and another moment is another
   * one, of a store that has been put back, or of a standby that had not heard of all when it took over.
   */
  readonly made: number
}

/** Something of the store that was changed, by whichever node of the fleet. */
export interface StoredChange extends ChangeMark {
  readonly kind: 'user' | 'group' | 'rules' | 'settings' | 'operator' | 'ban' | 'watch'
  /**
   * The name of the user, group, operator or watch, the source of the ban; empty where there is one of the kind, and where so
   * many changed at once, `mostChangesApart`, that whoever follows reads all of the kind again.
   */
  readonly key: string
  /** The name of the node that made it. */
  readonly node: string
  /** Whether this process has made it and knows that: of some it was not told, and they act here as if others had made them. */
  readonly isOwn: boolean
}

/** Users or bans that are changed at once and told one by one. */
export const mostChangesApart = 1_000

/** A daemon of the fleet, as it tells of itself. */
export interface StoredNode {
  /** Of one node at a time. */
  readonly name: string
  readonly version: string
  /** When its process started, in whole milliseconds since 1970. */
  readonly started: number
  /** Serves, takes nobody new any more, or has said that it ends. */
  readonly state: 'serves' | 'drains' | 'ended'
  /** Where clients and operators reach it, as `ADDRESS:PORT`; of operators with `tls:` before it where it is by TLS. */
  readonly socks: readonly string[]
  readonly control: readonly string[]
  readonly connections: number
  /** Bytes a second, of late. */
  readonly up: number
  readonly down: number
  /** Of one core: 1 is all of it. */
  readonly cpu: number
}

/** A node of the fleet, as others see it. */
export interface SeenNode extends Omit<StoredNode, 'state'> {
  /** `gone`: it has not told of itself for a while, and has not said that it ends; or what it told cannot be read, and only its name is known. */
  readonly state: StoredNode['state'] | 'gone'
  /** Milliseconds since it told of itself last, by the clock of the store. */
  readonly age: number
}

/** What one node is to do for another, as a method of the management protocol, by the word of an operator there. */
export interface StoredOrder {
  /** Grows with each. */
  readonly id: number
  /** The names of the node that is to do it, and of the one that wants it. */
  readonly to: string
  readonly from: string
  /** Who asked for it there, and what they may do. */
  readonly by: string
  readonly role: Operator['role']
  readonly method: string
  readonly params: Readonly<Record<string, unknown>>
}

/** One of which nothing else can be read. */
export interface UnreadableOrder {
  readonly id: number
  readonly from: undefined
}

/** What an order came to: what the method answers, or why it is refused, as the protocol has it. */
export type StoredAnswer =
  | { readonly result: object }
  | { readonly refusal: { readonly kind: ErrorKind; readonly message: string } }

/** What a fleet has in common beside what each daemon keeps. */
export interface FleetStore {
  /** This daemon's name in it. */
  readonly node: string
  /** The last change. */
  lastChange(): Promise<ChangeMark>
  /**
   * Those behind that one, in order, at most 1,000. Undefined: it is not there, since it is a year old, or since the store is not at
   * the state any more that it was at; then whoever follows reads everything again.
   */
  changesSince(mark: ChangeMark): Promise<StoredChange[] | undefined>
  /** Tells of this node; resolves to what was told under its name before, if anything was, and to the store's clock, in milliseconds since 1970. */
  beat(node: StoredNode): Promise<{ readonly before: StoredNode | undefined; readonly clock: number }>
  /** By name. */
  nodes(): Promise<SeenNode[]>
  /** Forgets a node that has gone. */
  forget(name: string): Promise<void>
  /** Gives these orders, from this node; resolves to their ids, in this order. */
  order(orders: readonly Omit<StoredOrder, 'id' | 'from'>[]): Promise<number[]>
  /**
   * Takes the orders for this node that somebody may still wait for, oldest first, each once, at most 100; of one that cannot be
   * read, its id.
   */
  takeOrders(): Promise<(StoredOrder | UnreadableOrder)[]>
  answer(order: number, answer: StoredAnswer): Promise<void>
  /** Has nobody carry out those of these that nobody has taken yet. */
  withdraw(orders: readonly number[]): Promise<void>
  /** Of these orders as far as they are answered, by id; undefined: it cannot be read. What is an hour old may be gone. */
  answers(orders: readonly number[]): Promise<ReadonlyMap<number, StoredAnswer | undefined>>
  readonly leases: LeaseStore
}

/** What a node asks of the limits of a user whom it serves, and tells of what it has. Bytes are whole, rates in bytes a second. */
export interface LeaseAsk {
  /** The user's id. */
  readonly user: number
  /** In all of the fleet, as the node knows them; undefined: there is none. */
  readonly limits: {
    readonly quota: number | undefined
    readonly maxConnections: number | undefined
    readonly rateUp: number | undefined
    readonly rateDown: number | undefined
  }
  /** Of the quota: what the node has been granted and has not stored as used, and how much more it wants. */
  readonly unused: number
  readonly wantsBytes: number
  /** Connections that are open, and how many the node wants to be able to have. */
  readonly live: number
  readonly wantsSlots: number
  /** `Infinity`: whatever there is. */
  readonly wantsUp: number
  readonly wantsDown: number
}

/** What a node may let a user have until the lease ends; undefined where the user has no such limit. */
export interface Lease {
  readonly user: number
  /** Bytes from what the store knows as used on. */
  readonly bytes: number | undefined
  readonly slots: number | undefined
  readonly rateUp: number | undefined
  readonly rateDown: number | undefined
  /** Whether another node has less than it wants. */
  readonly contested: boolean
}

/** Milliseconds for which a lease holds without being asked for anew: so long a dead node keeps what it had. */
export const leaseTime = 60_000
/** Milliseconds within which a node asks again, and three times of which without an ask mean that it could not. */
export const leaseAskPeriod = 5_000

/**
 * Deals out quotas, connections and rates of users among nodes, so that all together never have more than there is. Quota
 * and connections are never in two hands; of rates each node has its share by the time that it has asked again.
 */
export interface LeaseStore {
  /**
   * For these users, each once, in place of what this node had. A user who is gone has none. A node asks each
   * `leaseAskPeriod`, if for nobody: where it has not, the store was away for it, and may have been for others; then leases
   * that ended meanwhile hold for another `leaseTime`, in which their nodes can ask for them.
   */
  refresh(asks: readonly LeaseAsk[]): Promise<Lease[]>
  /** Gives back what this node has of them. */
  release(users: readonly number[]): Promise<void>
  /** What these users have moved everywhere. */
  totals(users: readonly number[]): Promise<StoredUsage[]>
}

/** A part of a store, for a thread that may wait for the disk: calls return when they are done, or throw. */
export type Immediate<Part> = {
  readonly [Name in keyof Part]: Part[Name] extends (...given: infer Given) => Promise<infer Result>
    ? (...given: Given) => Result
    : never
}

/** Why the store cannot be used: one line for people that names the cause and the mend. */
export class StoreError extends Refusal {
  /** `away`: it does not answer now, and will again; `older`, `newer`: than this proxyd's schema. */
  readonly problem:
    | 'unwritable'
    | 'unreadable'
    | 'foreign'
    | 'corrupt'
    | 'older'
    | 'newer'
    | 'locked'
    | 'away'
    | 'failed'

  constructor(problem: StoreError['problem'], message: string) {
    super('unavailable', message)
    this.name = 'StoreError'
    this.problem = problem
  }
}
