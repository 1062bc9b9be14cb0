import { createHash } from 'node:crypto'
import { constants, renameSync, statSync } from 'node:fs'
import { open, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { whyNot } from '../../shared/file-trouble.ts'
import { readPlainFile } from '../../shared/whole-file.ts'
import { foreignness } from '../foreign-files.ts'
import { makeFolder } from './sqlite-store.ts'
import { type Store, type UsageBatch, type UsageStore, usageCells, usageWidth } from './store.ts'

/** Bytes of the file: two batches of 65,537 rows, each number of which has 17 characters at most, are within. */
const longest = 20 << 20
/** The first moment whose hour is no `integer` of PostgreSQL any more. */
const endOfTime = 2 ** 31 * 3_600_000
/** The first line: of what kind the file is. */
const kind = 'proxyd usage 1'

/**
 * What users of a node have moved that its store, being away, has not taken: in a file, sums and no log, for the next process of the node in
 * case this one is killed. The store takes each batch once, whether from here or from the process that it is of.
 */
export class UsageSpool {
  readonly #folder: string
  readonly #file: string
  /** Of which store, however it is named: ids of users are other people's in another one. */
  readonly #store: string
  /** Changes of the file come one behind the other. */
  #turn: Promise<void> = Promise.resolve()
  /** The process before may have left one. */
  #mayBeThere = true

  private constructor(folder: string, node: string, store: string) {
    this.#folder = folder
    this.#file = join(folder, `usage-of-${node}.spool`)
    this.#store = store
  }

  /** Of a node of a fleet. Rejects with a StoreError. */
  static async of(folder: string, node: string, { operators }: Pick<Store, 'operators'>): Promise<UsageSpool> {
    const secret = await operators.decoySecret()
    return new UsageSpool(folder, node, createHash('sha256').update('usage ').update(secret).digest('hex'))
  }

  /**
   * Gives the store what a process has left that is no more; resolves to whether there was anything. What cannot be that is set aside,
   * which `warn` tells. Rejects with a StoreError, and then the file stays.
   */
  async give(usage: Pick<UsageStore, 'save'>, warn: (message: string) => void): Promise<boolean> {
    let batches: readonly UsageBatch[]
    try {
      batches = this.#read()
    } catch (error) {
      warn(`what users moved before the end of the last process is not counted: ${this.#setAside(error as Error)}`)
      return false
    }
    for (const batch of batches) await usage.save(batch)
    await this.clear()
    return batches.length > 0
  }

  /** In place of what was kept before. Rejects with a system error. */
  keep(batches: readonly UsageBatch[]): Promise<void> {
    return this.#next(() => this.#write(batches))
  }

  /** Once the store has all. Rejects with a system error. */
  clear(): Promise<void> {
    return this.#next(async () => {
      if (this.#mayBeThere) await rm(this.#file, { force: true })
      this.#mayBeThere = false
    })
  }

  #next(work: () => Promise<void>): Promise<void> {
    const done = this.#turn.then(work)
    this.#turn = done.catch(() => {})
    return done
  }

  async #write(batches: readonly UsageBatch[]): Promise<void> {
    makeFolder(this.#folder)
    const draft = `${this.#file}.new`
    await rm(draft, { force: true })
    const lines = [kind, this.#store, ...batches.map((batch) => JSON.stringify({ ...batch, rows: [...batch.rows] }))]
    const file = await open(draft, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600)
    try {
      await file.writeFile(`${lines.join('\n')}\n`)
      await file.datasync()
    } finally {
      await file.close()
    }
    this.#mayBeThere = true
    await rename(draft, this.#file)
    const folder = await open(this.#folder, constants.O_RDONLY)
    await folder.sync().finally(() => folder.close())
  }

  #read(): UsageBatch[] {
    if (!statSync(this.#file, { throwIfNoEntry: false })) return []
    const text = readPlainFile(this.#file, longest, (status) => {
      const reason = foreignness(this.#folder, statSync(this.#folder)) ?? foreignness(this.#file, status)
      if (reason) throw new Error(reason)
      if ((status.mode & 0o077) !== 0) throw new Error(`${this.#file} is open to others than its owner`)
    }).toString('utf8')
    const [first, store, ...batches] = text.trimEnd().split('\n')
    if (first !== kind || !text.endsWith('\n')) throw new Error(`${this.#file} is damaged`)
    if (store !== this.#store) throw new Error(`${this.#file} is of another store`)
    return batches.map((line) => this.#batchIn(line))
  }

  #batchIn(line: string): UsageBatch {
    let batch: unknown
    try {
      batch = JSON.parse(line)
    } catch {}
    if (!isBatch(batch)) throw new Error(`${this.#file} is damaged`)
    return { ...batch, rows: Float64Array.from(batch.rows) }
  }

  /** Resolves to why, and where it is now. One that was set aside before gives way to it. */
  #setAside({ message }: Error): string {
    const place = `${this.#file}.aside`
    try {
      renameSync(this.#file, place)
      return `${message}: it is ${place} now`
    } catch (error) {
      return `${message}, and it cannot be set aside: ${whyNot(error, place, 'remove it')}`
    }
  }
}

function isBatch(value: unknown): value is Omit<UsageBatch, 'rows'> & { readonly rows: readonly number[] } {
  if (typeof value !== 'object' || value === null) return false
  const { run, number, time, rows } = value as Partial<Record<keyof UsageBatch, unknown>>
  const isCount = (count: unknown) => Number.isSafeInteger(count) && (count as number) >= 0
  if (!isCount(run) || !isCount(number) || !isCount(time) || (time as number) >= endOfTime) return false
  if (!Array.isArray(rows) || rows.length % usageWidth !== 0) return false
  return rows.every((cell, i) => isCount(cell) || (i % usageWidth === usageCells.user && cell === -1))
}
