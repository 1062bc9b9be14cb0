import { isDeepStrictEqual } from 'node:util'
import type { Params, Result } from '../../shared/protocol/methods.ts'
import {
  isSetting,
  type SettingName,
  type SettingShape,
  type Settings,
  type SettingValue,
  settings,
} from '../../shared/settings.ts'
import { isSpan, spanText } from '../../shared/span.ts'
import { Refusal } from '../refusal.ts'
import type { SettingsStore, StoredSettings } from '../store/store.ts'
import { Turns } from '../turns.ts'
import { type Configuration, combine, listSettings } from './configuration.ts'
import { acceptStored, problemWithStoring } from './stored-settings.ts'
import { isTighter } from './tighter-settings.ts'

/** Faults that one refusal names. */
const mostFaults = 8

/** The parts of the daemon that act by settings. */
export interface Effects {
  /** What people should know before these values act, of which some change. Throws `Refusal` if they must not. */
  foresee(values: Readonly<Settings>, changed: readonly SettingName[]): string[]
  /** Throws if proxyd would not start with these values. */
  foreseeStart(values: Readonly<Settings>): void
  /** Resolves when all parts act by these values. */
  apply(values: Readonly<Settings>): Promise<void>
}

export interface LiveSettingsOptions {
  /** As the daemon started. */
  readonly configuration: Configuration
  readonly stored: StoredSettings
  readonly store: SettingsStore
  readonly late: { store(what: string, write: () => Promise<unknown>): Promise<boolean>; settle(): Promise<void> }
  readonly effects: Effects
  readonly tell: (message: string) => void
}

/** What a config file that has changed comes to. */
export interface Reread {
  /** Those that act by now. */
  readonly now: readonly Difference[]
  /** Those that only a start can bring in. */
  readonly later: readonly Difference[]
  readonly warnings: readonly string[]
}

/** For people; no values of a secret. */
export interface Difference {
  readonly name: SettingName
  readonly before?: string
  readonly after?: string
}

/** What a change would lead to. */
interface Outcome {
  readonly stored: ReadonlyMap<string, SettingValue>
  readonly setHere: ReadonlySet<string>
  readonly configuration: Configuration
}

/**
 * Settings while the daemon runs. A change is first stored, then acts, and takes its turn, so that two operators never
 * interfere: the second one's revision is outdated. If the store fails, nothing has changed; but what only takes something away
 * from clients acts first, and is stored when it can be.
 */
export class LiveSettings {
  readonly #flags: Partial<Settings>
  readonly #store: SettingsStore
  readonly #late: LiveSettingsOptions['late']
  /** What acts and is not stored yet. */
  readonly #unsaved = new Map<string, SettingValue | null>()
  readonly #effects: Effects
  readonly #tell: (message: string) => void
  #revision: number
  #stored: ReadonlyMap<string, SettingValue>
  /** What was set since the start: until the next one, it wins over a flag too. */
  #setHere: ReadonlySet<string> = new Set()
  #configuration: Configuration
  readonly #turns = new Turns()

  constructor({ configuration, stored, store, late, effects, tell }: LiveSettingsOptions) {
    this.#late = late
    this.#configuration = configuration
    this.#flags = configuration.said.flag
    this.#revision = stored.revision
    this.#stored = stored.values
    this.#store = store
    this.#effects = effects
    this.#tell = tell
  }

  /** The values in force. */
  get values(): Readonly<Settings> {
    return this.#configuration.values
  }

  /** What is stored and does not count, in words for people. */
  get damages(): string[] {
    const told: string[] = []
    acceptStored(this.#stored, (message) => told.push(message))
    return told
  }

  get(): Result<'config.get'> {
    return { revision: this.#revision, settings: listSettings(this.#configuration) }
  }

  set(change: Params<'config.set'>): Promise<Result<'config.set'>> {
    return this.#turns.take(() => this.#change(change))
  }

  /** Puts what the config file says now in the place of what it said. Rejects as `read` does, or with a Refusal, and nothing has changed. */
  reread(read: () => Promise<Partial<Settings>>): Promise<Reread> {
    return this.#turns.take(async () => this.#takeFile(await read()))
  }

  /**
   * Has act what the store says now, since another daemon has changed it there; a flag of this one goes on to win. Rejects with a
   * StoreError or a Refusal, and then nothing has changed.
   */
  adopt(): Promise<void> {
    return this.#turns.take(async () => {
      await this.#late.settle()
      const { revision, values } = await this.#store.load()
      const setHere = new Set([...this.#setHere].filter((name) => values.has(name)))
      const outcome = this.#outcomeWith(values, setHere)
      const changed = this.#differences(outcome.configuration)
      for (const warning of this.#effects.foresee(outcome.configuration.values, changed)) this.#tell(warning)
      const isOther = changed.length > 0 || !isDeepStrictEqual(values, this.#stored)
      this.#revision = Math.max(this.#revision + (isOther ? 1 : 0), revision)
      await this.#actBy(outcome, changed)
      if (isOther) for (const damage of this.damages) this.#tell(damage)
    })
  }

  async #takeFile(file: Partial<Settings>): Promise<Reread> {
    const { said, values: before } = this.#configuration
    const atStart = combine({ ...said, file })
    this.#effects.foreseeStart(atStart.values)
    const differing = this.#differences(atStart)
    const now = differing.filter(isRuntime)
    const configuration = combine({
      ...said,
      file: { ...only(said.file, (name) => !isRuntime(name)), ...only(file, isRuntime) },
    })
    const { values } = configuration
    const warnings = this.#effects.foresee(values, now)
    const later = differing.filter((name) => !isRuntime(name)).map((name) => told(name, before, atStart.values))
    this.#configuration = configuration
    for (const { name, before, after } of later) {
      const how = before === undefined ? 'is another one' : `changes from ${before} to ${after}`
      this.#tell(`${name} ${how} from the next restart or upgrade on`)
    }
    if (now.length > 0) {
      this.#revision++
      await this.#act(before, values, now)
    }
    return { now: now.map((name) => told(name, before, values)), later, warnings }
  }

  async #act(before: Readonly<Settings>, values: Readonly<Settings>, changed: readonly SettingName[]): Promise<void> {
    for (const name of changed) this.#tell(`${name} changes from ${before[name]} to ${values[name]}`)
    await this.#effects.apply(values)
  }

  async #change({ revision, patch, dryRun = false }: Params<'config.set'>): Promise<Result<'config.set'>> {
    if (revision !== this.#revision) throw outdated(revision, this.#revision)
    const changes = new Map(Object.entries(patch))
    this.#refuseNonsense(changes)
    const outcome = this.#outcomeOf(changes)
    const { values } = outcome.configuration
    const changed = this.#differences(outcome.configuration)
    const warnings = [...this.#effects.foresee(values, changed), ...this.#flagsThatWin(changes)]
    const isStored = ([name, value]: [string, SettingValue | null]) =>
      isDeepStrictEqual(value, this.#stored.get(name) ?? null)
    const isNew = changed.length > 0 || ![...changes].every(isStored)
    const isStoredNow = !isNew || dryRun || (await this.#make(outcome, changes, changed))
    return { revision: this.#revision, changed, warnings, stored: isStoredNow }
  }

  /** Resolves to whether it is stored. */
  async #make(outcome: Outcome, changes: ReadonlyMap<string, SettingValue | null>, changed: readonly SettingName[]) {
    const before = this.#configuration.values
    const { values } = outcome.configuration
    const actsFirst = isTighter(before, values, changed)
    if (!actsFirst) {
      await this.#late.settle()
      await this.#store.save(this.#revision + 1, changes)
    }
    this.#revision++
    await this.#actBy(outcome, changed)
    if (!actsFirst) return true
    for (const [name, value] of changes) this.#unsaved.set(name, value)
    return this.#late.store('the settings', this.#save)
  }

  async #actBy({ stored, setHere, configuration }: Outcome, changed: readonly SettingName[]): Promise<void> {
    const before = this.#configuration.values
    this.#stored = stored
    this.#setHere = setHere
    this.#configuration = configuration
    if (changed.length > 0) await this.#act(before, configuration.values, changed)
  }

  readonly #save = async (): Promise<void> => {
    const saved = new Map(this.#unsaved)
    // What takes something away does so whatever another daemon of a fleet has set meanwhile.
    const { revision } = await this.#store.load()
    this.#revision = Math.max(this.#revision, revision + 1)
    await this.#store.save(this.#revision, saved)
    for (const [name, value] of saved) if (this.#unsaved.get(name) === value) this.#unsaved.delete(name)
  }

  /** What is wrong is told at once, of the first few settings. Whatever is stored may be forgotten, known or not. */
  #refuseNonsense(changes: ReadonlyMap<string, SettingValue | null>): void {
    const faults = [...changes].flatMap(([name, value]) => {
      if (value === null && this.#stored.has(name)) return []
      const message = problemWithStoring(name, value)
      return message === undefined ? [] : { path: ['patch', name], message: `${shown(name)} ${message}` }
    })
    if (faults.length === 0) return
    const told = faults.slice(0, mostFaults)
    throw new Refusal('invalid', told.map(({ message }) => message).join('; '), { faults: told })
  }

  #outcomeOf(changes: ReadonlyMap<string, SettingValue | null>): Outcome {
    const stored = new Map(this.#stored)
    const setHere = new Set(this.#setHere)
    for (const [name, value] of changes) {
      if (value === null) stored.delete(name)
      else stored.set(name, value)
      if (value === null) setHere.delete(name)
      else setHere.add(name)
    }
    return this.#outcomeWith(stored, setHere)
  }

  #outcomeWith(stored: ReadonlyMap<string, SettingValue>, setHere: ReadonlySet<string>): Outcome {
    const flag = Object.fromEntries(Object.entries(this.#flags).filter(([name]) => !setHere.has(name)))
    const said = { ...this.#configuration.said, stored: acceptStored(stored), flag }
    return { stored, setHere, configuration: combine(said) }
  }

  #differences({ values }: Configuration): SettingName[] {
    const names = Object.keys(settings) as SettingName[]
    return names.filter((name) => !isDeepStrictEqual(values[name], this.#configuration.values[name]))
  }

  #flagsThatWin(changes: ReadonlyMap<string, SettingValue | null>): string[] {
    return [...changes]
      .filter(([name, value]) => value !== null && name in this.#flags)
      .map(([name]) => `${name} was also given as a flag, --${name}, which wins again at the next start`)
  }
}

function isRuntime(name: SettingName): boolean {
  const shape: SettingShape = settings[name]
  return shape.runtime === true
}

function only(values: Partial<Settings>, isMeant: (name: SettingName) => boolean): Partial<Settings> {
  return Object.fromEntries(Object.entries(values).filter(([name]) => isMeant(name as SettingName)))
}

function told(name: SettingName, before: Readonly<Settings>, after: Readonly<Settings>): Difference {
  const shape: SettingShape = settings[name]
  return shape.secret ? { name } : { name, before: textOf(shape, before[name]), after: textOf(shape, after[name]) }
}

function textOf({ placeholder }: SettingShape, value: SettingValue): string {
  if (typeof value === 'number' && isSpan(placeholder)) return spanText(value, placeholder)
  return (typeof value === 'object' ? value.join(', ') : String(value)) || '-'
}

function shown(name: string): string {
  return isSetting(name) ? name : JSON.stringify(name)
}

function outdated(revision: number, current: number): Refusal {
  const text = `the settings are at revision ${current}, not ${revision}: get them again and see whether the change still fits`
  return new Refusal('conflict', text, { revision: current })
}
