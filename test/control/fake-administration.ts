import type {
  Audit,
  BanAdministration,
  OperatorAdministration,
  RuleAdministration,
  RuntimeConfiguration,
} from '../../daemon/control/backend.ts'
import { Refusal } from '../../daemon/refusal.ts'
import type { AuditEntry, Ban, Operator, Params, Result, Role, Rule, Setting } from '../../shared/protocol/methods.ts'
import { makeKeys, type ScramKeys } from '../../shared/protocol/scram.ts'

interface StoredOperator {
  name: string
  role: Operator['role']
  created: number
  keys: ScramKeys
}

/** Operators that last as long as the test. */
export class FakeOperators implements OperatorAdministration {
  readonly decoySecret = Buffer.alloc(32, 1)
  readonly #operators = new Map<string, StoredOperator>()

  list(): Omit<Operator, 'sessions'>[] {
    const operators = [...this.#operators.values()].map(({ name, role, created }) => ({ name, role, created }))
    return operators.sort((a, b) => Buffer.compare(Buffer.from(a.name), Buffer.from(b.name)))
  }

  async add({ name, role, password }: Params<'operators.add'>): Promise<void> {
    if (this.#operators.has(name)) throw new Refusal('exists', 'there is such an operator already')
    this.#operators.set(name, { name, role, created: 0, keys: makeKeys(password) })
  }

  async remove(name: string, act: () => void): Promise<{ stored: boolean }> {
    this.#find(name)
    this.#operators.delete(name)
    act()
    return { stored: true }
  }

  async setPassword(name: string, password: string, act: () => void): Promise<{ stored: boolean }> {
    this.#find(name).keys = makeKeys(password)
    act()
    return { stored: true }
  }

  async setRole(name: string, role: Operator['role'], act: () => void): Promise<{ stored: boolean }> {
    this.#find(name).role = role
    act()
    return { stored: true }
  }

  credentialsOf(name: string): { readonly keys: ScramKeys; readonly role: Role } | undefined {
    return this.#operators.get(name)
  }

  #find(name: string): StoredOperator {
    const operator = this.#operators.get(name)
    if (operator === undefined) throw new Refusal('not_found', 'there is no such operator')
    return operator
  }
}

/** An audit in memory. */
export class FakeAudit implements Audit {
  readonly entries: AuditEntry[] = []
  readonly #followers = new Set<(entries: readonly AuditEntry[]) => void>()

  enter(entry: Parameters<Audit['enter']>[0]): boolean {
    const entered = { ...entry, id: this.entries.length + 1, time: 0, count: 1 }
    this.entries.unshift(entered)
    for (const hear of this.#followers) hear([entered])
    return true
  }

  get followers(): number {
    return this.#followers.size
  }

  follow(listener: (entries: readonly AuditEntry[]) => void): () => void {
    this.#followers.add(listener)
    return () => void this.#followers.delete(listener)
  }

  enterFailure(entry: Parameters<Audit['enter']>[0]): void {
    this.enter(entry)
  }

  async list({ before = Number.POSITIVE_INFINITY, limit }: Parameters<Audit['list']>[0]): Promise<AuditEntry[]> {
    return this.entries.filter(({ id }) => id < before).slice(0, limit)
  }
}

/** Bans that last as long as the test. */
export class FakeBans implements BanAdministration {
  #bans: Ban[] = []
  readonly #watchers = new Set<(ban: Ban, isBanned: boolean) => void>()

  watch(listener: (ban: Ban, isBanned: boolean) => void): () => void {
    this.#watchers.add(listener)
    return () => void this.#watchers.delete(listener)
  }

  list(): Ban[] {
    return this.#bans
  }

  async add(source: string, seconds: number | undefined, by: string): Promise<{ ban: Ban; stored: boolean }> {
    const ban: Ban = { source, since: 0, until: seconds === undefined ? null : seconds * 1000, reason: 'operator', by }
    this.#bans = [...this.#bans.filter((each) => each.source !== source), ban]
    this.#bans.sort((a, b) => (a.source < b.source ? -1 : 1))
    for (const hear of this.#watchers) hear(ban, true)
    return { ban, stored: true }
  }

  async remove(source: string): Promise<{ lifted: Ban[]; stored: boolean }> {
    const lifted = this.#bans.filter((each) => each.source === source)
    if (lifted.length === 0) throw new Refusal('not_found', 'there is no such ban')
    this.#bans = this.#bans.filter((each) => each.source !== source)
    for (const ban of lifted) for (const hear of this.#watchers) hear(ban, false)
    return { lifted, stored: true }
  }
}

/** One setting, of any value. */
export class FakeConfiguration implements RuntimeConfiguration {
  #revision = 1
  #backlog: Setting['value'] = 4096

  get(): Result<'config.get'> {
    const backlog: Setting = {
      name: 'backlog',
      value: this.#backlog,
      source: 'default',
      default: 4096,
      type: 'integer',
      runtime: true,
      summary: 'how many may wait',
    }
    return { revision: this.#revision, settings: [backlog] }
  }

  async set({ revision, patch, dryRun }: Params<'config.set'>): Promise<Result<'config.set'>> {
    if (revision !== this.#revision) throw new Refusal('conflict', 'the settings have changed meanwhile')
    const { backlog } = patch
    if (backlog === undefined) throw new Refusal('invalid', 'there is no setting of that name')
    if (!dryRun) {
      this.#backlog = backlog ?? 4096
      this.#revision++
    }
    return { revision: this.#revision, changed: ['backlog'], warnings: [], stored: true }
  }
}

/** No rules, whatever is done to them. */
export class FakeRules implements RuleAdministration {
  text = ''

  list(): { revision: number; rows: Rule[] } {
    return { revision: 0, rows: [] }
  }

  async apply(): Promise<Result<'rules.apply'>> {
    return { revision: 1, added: [], removed: [], reordered: false, cut: 0, warnings: [], stored: true }
  }

  readonly add = this.apply
  readonly insert = this.apply
  readonly move = this.apply
  readonly remove = this.apply

  async test(): Promise<Result<'rules.test'>> {
    return { allowed: true, phases: [] }
  }
}
